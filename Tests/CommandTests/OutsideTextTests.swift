import Foundation
import Imaging
import ModelGraph
import ONNXFormat
import PictureModels
import TestSupport
import Testing

/// Names from outside must not control a terminal or become a spreadsheet formula.
@Suite struct OutsideTextTests {
  private let folder: TemporaryFolder
  private let model: String
  /// Escape codes for red text and reversed direction.
  private static let evil = "\u{1B}[31mx\u{9B}2J\u{202E}y\u{200B}\r\n=z"

  init() throws {
    folder = try TemporaryFolder()
    model = folder.path("m\u{1B}[1m.onnx")
    var graph = try SmallModel.graph()
    graph.name = Self.evil
    for index in graph.nodes.indices { graph.nodes[index].name += Self.evil }
    for id in graph.inputs + graph.outputs { graph.values[id].name += Self.evil }
    var metadata = ModelMetadata()
    metadata.classes = [Self.evil, "=cmd|' /C calc'!A0"]
    metadata.inputSize = [8, 8]
    metadata.mean = [0.5, 0.5, 0.5]
    metadata.std = [0.25, 0.25, 0.25]
    graph.metadata = metadata.entries + [("key\(Self.evil)", "value\(Self.evil)")]
    try ONNXFile.write(graph, to: model)
    _ = try folder.folder("x")
    for name in ["x/a\u{1B}[31m.png", "x/=1+1.png", "x/@b,\"c\".png"] {
      try PNGFile.write(Picture(width: 9, height: 9), to: folder.path(name))
    }
    try folder.write([1], to: "x/bad\u{1B}]0;title\u{7}.png")
    try folder.write([0xFF, 0xD8, 0xFF], to: "x/photo\u{1B}[2J.jpg")
    let data = try folder.folder("case\u{1B}[7m")
    try ONNXFile.writeTensor(try Tensor(zeros: [1, 3, 8, 8]), name: Self.evil, to: data + "/input_0.pb")
    try ONNXFile.writeTensor(try Tensor([1, 2], [Float(0), 1]), name: Self.evil, to: data + "/output_0.pb")
  }

  @Test func nothingSpeaksToATerminal() throws {
    let data = folder.path("case\u{1B}[7m")
    let commands: [[String]] = [
      ["infer", model, folder.path("x")], ["infer", model, folder.path("x"), "--top", "1"],
      ["infer", model, folder.path("x"), "--format", "csv"], ["infer", model, folder.path("x"), "--format", "jsonl"],
      ["inspect", model], ["bench", model, "--profile", "--seconds", "0"], ["validate", model],
      ["validate", model, "--json"], ["verify", model, data], ["verify", model, folder.path("no\u{1B}")],
      ["infer", model, folder.path("x"), "--output", folder.path("no\u{1B}/x")],
      ["infer", model, folder.path("x"), "--classes", "\u{1B}a,b"], ["infer", model, "\u{1B}"], ["\u{1B}x"],
      ["infer", "--\u{1B}x"], ["infer", model, "x", "--format", "\u{1B}"], ["bench", folder.path("\u{1B}.onnx")],
      ["inspect", folder.path("\u{202E}.onnx")], ["validate", folder.path("\u{1B}.onnx")],
      ["infer", model, folder.path("x"), "--format", "csv", "--raw"], ["inspect", model, "--json"],
      ["validate", model, "--format", "sarif"], ["validate", model, "--format", "github"], ["compare", model, model],
      ["compare", model, folder.path("case\u{1B}[7m")], ["compare", model, model, "--format", "markdown"],
      ["draw", model, "--out", folder.path("\u{1B}.svg")], ["upgrade", model, "--out", folder.path("\u{1B}.onnx")],
    ]
    for command in commands { try check("giemsa-field", command) }
  }

  @Test func neitherDoTheLabsCommands() throws {
    let pictures = try folder.folder("d\u{1B}[1m/a\u{202E}b")
    for name in ["one\u{1B}", "two\u{7}"] {
      try PNGFile.write(Picture(width: 9, height: 9), to: "\(pictures)/\(name).png")
    }
    let data = folder.path("d\u{1B}[1m")
    let commands: [[String]] = [
      ["card", model], ["card", model, "--format", "json"], ["card", model, "--format", "cyclonedx"],
      ["card", model, "--license", Self.evil], ["card", folder.path("no\u{1B}")],
      ["evaluate", model, folder.path("x")],
      ["export", model, "--out", folder.path("out\u{1B}[1m.onnx")], ["train", data, "--out", folder.path("run\u{1B}")],
      ["quantize", model, "--calibrate", data, "--out", folder.path("q\u{1B}")], ["\u{1B}"], ["card", "--\u{1B}"],
      ["synthesize", folder.path("made\u{1B}"), "--count", "2"],
    ]
    for command in commands { try check("giemsa", command) }
  }

  private func check(_ program: String, _ command: [String]) throws {
    let run = try ProgramRun(program, command)
    #expect(run.exited)
    for scalar in (run.output + run.error).unicodeScalars where scalar != "\n" {
      let isPlain = scalar.value >= 0x20 && !(0x7F..<0xA0).contains(scalar.value)
      let turns = (0x202A...0x202E).contains(scalar.value) || (0x200B...0x200F).contains(scalar.value)
      #expect(isPlain && !turns, "U+\(String(scalar.value, radix: 16)) from \(command)")
    }
  }

  @Test func columnsStandUnderEachOther() throws {
    let lines = try ProgramRun("giemsa-field", ["infer", model, folder.path("x")]).output.split(separator: "\n")
    let column = try #require(lines[0].range(of: "class")).lowerBound
    let place = lines[0].unicodeScalars.distance(from: lines[0].startIndex, to: column)
    #expect(lines.count == 5)
    for line in lines[1...3] {
      let before = String(line).unicodeScalars.prefix(place)
      #expect(String(before).hasSuffix("  "), "\(line)")
    }
  }

  @Test func noCellIsAFormula() throws {
    let run = try ProgramRun(
      script: "cd \"$D/x\" && \"$FIELD\" infer \"$M\" =1+1.png '@b,\"c\".png' --format csv",
      ["D": folder.url.path, "M": model])
    #expect(run.status == 0, "\(run.error)")
    #expect(run.output.range(of: #"(?m)(^|,)"?[=@+-]"#, options: .regularExpression) == nil, "\(run.output)")
    let lines = run.output.split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[0].hasSuffix(",'=cmd|' /C calc'!A0"), "\(lines[0])")
    #expect(lines[1].hasPrefix("'=1+1.png,"))
    #expect(lines[2].hasPrefix("\"'@b,\"\"c\"\".png\","))
    let raw = try ProgramRun(
      script: "cd \"$D/x\" && \"$FIELD\" infer \"$M\" =1+1.png '@b,\"c\".png' --format csv --raw",
      ["D": folder.url.path, "M": model])
    #expect(raw.output.contains("\n=1+1.png,") && raw.output.contains("\n\"@b,\"\"c\"\".png\","), "\(raw.output)")
    #expect(raw.output.contains(",=cmd|' /C calc'!A0\n"))
    #expect(try ProgramRun("giemsa-field", ["infer", model, folder.path("x"), "--raw"]).status == 2)
    // JSON keeps names unchanged.
    let json = try ProgramRun(
      script: "cd \"$D/x\" && \"$FIELD\" infer \"$M\" =1+1.png --format jsonl", ["D": folder.url.path, "M": model])
    #expect(json.output.contains("\"=1+1.png\""))
  }
}
