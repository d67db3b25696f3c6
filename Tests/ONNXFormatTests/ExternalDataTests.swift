import Foundation
import ModelGraph
import ONNXFormat
import TestSupport
import Testing

/// External data: only regular files in the model's own folder, with exactly the bytes that the shape needs.
@Suite struct ExternalDataTests {
  private let scratch: TemporaryFolder

  init() throws {
    scratch = try TemporaryFolder()
    try scratch.write((0..<24).map { $0 }, to: "w.bin")
    try FileManager.default.createDirectory(atPath: scratch.path + "/sub", withIntermediateDirectories: true)
    try scratch.write((0..<16).map { $0 }, to: "sub/w.bin")
  }

  private func outcome(_ entries: [(String, String)]) throws -> Code? {
    var w = Wire.tensor("w", type: 1, dims: [2, 2]).int(14, 1)
    for (key, value) in entries { w = w.message(13, Wire().text(1, key).text(2, value)) }
    let path = try scratch.write(Wire.concat(w).bytes, to: "m.onnx")
    return code { _ = try ONNXFile.read(path) }
  }

  @Test func theRightBytesAreRead() throws {
    #expect(try outcome([("location", "w.bin"), ("offset", "8"), ("length", "16")]) == nil)
    let graph = try ONNXFile.read(scratch.path + "/m.onnx")
    let w = try #require(graph.values.first { $0.name == "w" }?.constant)
    #expect(w.withBytes { Array($0) } == (8..<24).map { UInt8($0) })
    #expect(try outcome([("location", "w.bin"), ("offset", "8")]) == nil)
    #expect(try outcome([("location", "sub/w.bin")]) == nil)
    #expect(try outcome([("location", "./sub//w.bin"), ("checksum", "0")]) == nil)
  }

  @Test func offsetAndLengthMustFit() throws {
    let cases = [
      ("0", "15"), ("0", "17"), ("9", "16"), ("-1", "16"), ("8", ""), ("8", "0x10"), ("9223372036854775807", "16"),
      ("99999999999999999999", "16"), ("1e3", "16"),
    ]
    for (offset, length) in cases {
      #expect(try outcome([("location", "w.bin"), ("offset", offset), ("length", length)]) == .externalSize)
    }
    #expect(try outcome([("location", "w.bin")]) == .externalSize)
  }

  @Test func nothingOutsideTheFolder() throws {
    let name = URL(fileURLWithPath: scratch.path).lastPathComponent
    let places = [
      "../\(name)/w.bin", "sub/../w.bin", "..", "sub/..", "/etc/passwd", scratch.path + "/w.bin", "", ".", "./", "a\0b",
    ]
    for location in places {
      #expect(try outcome([("location", location), ("length", "16")]) == .externalPath, "\(location)")
    }
    #expect(try outcome([("length", "16")]) == .externalPath)
  }

  @Test func onlyRegularFilesAndNoLinks() throws {
    let manager = FileManager.default
    try manager.createSymbolicLink(atPath: scratch.path + "/link", withDestinationPath: "w.bin")
    try manager.createSymbolicLink(atPath: scratch.path + "/folder", withDestinationPath: "sub")
    #expect(mkfifo(scratch.path + "/pipe", 0o600) == 0)
    for location in ["link", "folder/w.bin", "pipe", "sub", "w.bin/x"] {
      #expect(try outcome([("location", location), ("length", "16")]) == .externalPath, "\(location)")
    }
    #expect(try outcome([("location", "missing.bin"), ("length", "16")]) == .externalMissing)
    #expect(try outcome([("location", "missing/w.bin"), ("length", "16")]) == .externalMissing)
    let long = String(repeating: "a", count: 300)
    #expect(try outcome([("location", long), ("length", "16")]) == .externalMissing)
  }

  /// A model's size includes its external data; `quantize` compares sizes.
  @Test func sizeCountsTheData() throws {
    try scratch.write([UInt8](repeating: 1, count: 4096), to: "large.bin")
    let w = Wire.tensor("w", type: 1, dims: [32, 32]).int(14, 1).message(
      13, Wire().text(1, "location").text(2, "large.bin"))
    let path = try scratch.write(Wire.concat(w).bytes, to: "large.onnx")
    let alone = try Data(contentsOf: URL(filePath: path)).count
    let size = try ONNXFile.size(of: try ONNXFile.read(path))
    #expect(alone < 1024 && size >= 4096 && size < 4096 + 1024, "\(alone), \(size)")
  }

  @Test func oneFileManyTimesIsStillCounted() throws {
    var graph = Wire()
    for index in 0..<100 {
      graph = graph.message(
        5,
        Wire.tensor("w\(index)", type: 1, dims: [2, 2]).int(14, 1)
          .message(13, Wire().text(1, "location").text(2, "w.bin")).message(13, Wire().text(1, "length").text(2, "16")))
    }
    graph = graph.message(12, Wire().text(1, "w0"))
    let path = try scratch.write(Wire.model(graph).bytes, to: "many.onnx")
    #expect(code { _ = try ONNXFile.read(path) } == nil)
    var limits = Limits.standard
    limits.externalBytes = 1599
    #expect(code { _ = try ONNXFile.read(path, limits: limits) } == .overLimit)
  }
}
