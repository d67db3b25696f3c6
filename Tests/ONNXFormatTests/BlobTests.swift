import Foundation
import ModelGraph
import ONNXFormat
import TestSupport
import Testing

/// Larger weights are read directly from the file into their tensors.
@Suite struct BlobTests {
  private let bytes = (0..<4096).map { UInt8($0 & 63) }

  /// y = Concat(x, w) with x `[2, 2]`, and w of 512 rows of two.
  private func model(_ tensors: [Wire]) -> Wire {
    let axis = Wire().text(1, "axis").int(3, 0).int(20, 2)
    let graph = tensors.reduce(Wire.concatNode(axis)) { $0.message(5, $1) }
    return Wire.model(
      graph.message(11, Wire.declaration("x", type: 1, dims: [2, 2]))
        .message(12, Wire.declaration("y", type: 1, dims: [514, 2])))
  }

  private func read(_ model: Wire) throws -> Graph {
    let scratch = try TemporaryFolder()
    return try ONNXFile.read(try scratch.write(model.bytes, to: "m.onnx"))
  }

  private var shape: Wire { Wire.tensor("w", type: 1, dims: [512, 2]) }

  @Test func theBytesArrive() throws {
    let small = Wire.tensor("small", type: 1, dims: [1]).data(9, [0, 0, 0x80, 0x3F])
    let graph = try read(
      model([small, shape.data(9, bytes), Wire.tensor("last", type: 2, dims: [300]).data(9, Array(bytes[..<300]))]))
    let w = try #require(graph.values.first { $0.name == "w" }?.constant)
    #expect(w.withBytes { Array($0) } == bytes)
    #expect(graph.values.first { $0.name == "small" }?.constant?.doubles == [1])
    #expect(graph.values.first { $0.name == "last" }?.constant?.ints == bytes[..<300].map { Int($0) })
  }

  @Test func largeOnesCanWaitInTheFile() throws {
    let scratch = try TemporaryFolder()
    let long = (0..<65536).map { UInt8(truncatingIfNeeded: $0 * 31 >> 3) }
    let other = model([shape.data(9, bytes), Wire.tensor("long", type: 3, dims: [65536]).data(9, long)])
    let path = try scratch.write(other.bytes, to: "m.onnx")
    let (graph, weights) = try ONNXFile.open(path)
    let w = try #require(graph.values.first { $0.name == "w" }?.constant)
    var tensor = try #require(graph.values.first { $0.name == "long" }?.constant)
    #expect(!w.isDeferred && tensor.isDeferred)
    var copy = [UInt8](repeating: 0, count: long.count)
    copy.withUnsafeMutableBytes { if let base = $0.baseAddress { tensor.copyBytes(to: base) } }
    #expect(copy == long && tensor.isDeferred)
    // A mutating access gets its own copy.
    let untouched = tensor
    tensor.withMutableBytes { $0[0] ^= 1 }
    #expect(tensor.withBytes { $0[0] } == long[0] ^ 1 && tensor.withBytes { $0[1] } == long[1])
    #expect(untouched.isDeferred)
    #expect(untouched.withBytes { Array($0) } == long)
    #expect(!untouched.isDeferred)
    try weights.check()
  }

  @Test func aFileThatShrinksMeanwhileIsNoticed() throws {
    let scratch = try TemporaryFolder()
    let long = [UInt8](repeating: 7, count: 65536)
    let path = try scratch.write(
      model([shape.data(9, bytes), Wire.tensor("long", type: 3, dims: [65536]).data(9, long)]).bytes, to: "m.onnx")
    let (graph, weights) = try ONNXFile.open(path)
    #expect(truncate(path, 4096) == 0)
    let tensor = try #require(graph.values.first { $0.name == "long" }?.constant)
    #expect(tensor.withBytes { $0.allSatisfy { $0 == 0 } })
    #expect(code { try weights.check() } == .unreadable)
  }

  @Test func halvesStayHalves() throws {
    let halves = (0..<2048).map { UInt8($0 % 2 * 0x3C) }  // 1, as float16
    let graph = try read(model([Wire.tensor("w", type: 10, dims: [512, 2]).data(9, halves)]))
    let w = try #require(graph.values.first { $0.name == "w" }?.constant)
    #expect(w.type == .float16)
    #expect(w.doubles.allSatisfy { $0 == 1 })
  }

  @Test func theyMustFitTheShape() throws {
    #expect(code { _ = try read(model([shape.data(9, Array(bytes.dropLast()))])) } == .wrongDataSize)
    #expect(code { _ = try read(model([shape.data(9, bytes + [0])])) } == .wrongDataSize)
    #expect(code { _ = try read(model([Wire.tensor("w", type: 1, dims: [1 << 30]).data(9, bytes)])) } == .wrongDataSize)
    #expect(code { _ = try read(model([Wire.tensor("w", type: 8, dims: [1024]).data(9, bytes)])) } == .unsupportedType)
  }

  @Test func twiceIsTooMuch() throws {
    #expect(code { _ = try read(model([shape.data(9, bytes).data(9, bytes)])) } == .damaged)
    #expect(code { _ = try read(model([shape.data(9, bytes).data(9, [1])])) } == .wrongDataSize)
    #expect(code { _ = try read(model([shape.data(9, bytes).data(4, bytes)])) } == .wrongDataSize)
    let two = model([shape.data(9, bytes)]).message(7, Wire().message(5, shape.data(9, bytes)))
    #expect(code { _ = try read(two) } == .damaged)
  }

  @Test func cutOffInTheMiddle() throws {
    let scratch = try TemporaryFolder()
    let whole = model([shape.data(9, bytes)]).bytes
    for count in stride(from: 1, to: whole.count, by: 97) {
      let path = try scratch.write(Array(whole[..<count]), to: "m.onnx")
      #expect(code { _ = try ONNXFile.read(path) } != nil)
    }
  }
}
