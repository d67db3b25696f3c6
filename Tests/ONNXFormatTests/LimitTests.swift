import Foundation
import ModelGraph
import ONNXFormat
import TestSupport
import Testing

/// A small file cannot cause large allocations.
@Suite struct LimitTests {
  private func read(_ model: Wire, _ change: (inout Limits) -> Void = { _ in }) throws {
    let scratch = try TemporaryFolder()
    var limits = Limits.standard
    change(&limits)
    _ = try ONNXFile.read(try scratch.write(model.bytes, to: "m.onnx"), limits: limits)
  }

  private var weights: Wire { Wire.tensor("w", type: 1, dims: [2, 2]).data(9, [UInt8](repeating: 0, count: 16)) }

  @Test func eachLimitHolds() throws {
    let model = Wire.concat(weights).message(14, Wire().text(1, "key").text(2, "value"))
    #expect(code { try read(model) } == nil)
    let changes: [(inout Limits) -> Void] = [
      { $0.fileBytes = 10 }, { $0.nodes = 0 }, { $0.initialisers = 0 }, { $0.graphInputs = 0 }, { $0.nodeInputs = 1 },
      { $0.attributes = 0 }, { $0.nameBytes = 0 }, { $0.rank = 1 }, { $0.metadataEntries = 0 }, { $0.textBytes = 2 },
    ]
    for (index, change) in changes.enumerated() {
      #expect(code { try read(model, change) } == .overLimit, "limit \(index)")
    }
  }

  @Test func manyTinyPartsRunIntoTheBudget() throws {
    // Two bytes in the file, about 200 in memory: a node without content.
    let graph = Wire(bytes: (0..<400_000).flatMap { _ in [UInt8(0x0A), 0] })
    #expect(code { try read(Wire.model(graph)) } == .overLimit)
    // One-byte entries of a packed list that become eight bytes each.
    let dims = Wire().packed(1, [Int](repeating: 1, count: 4_000_000)).int(2, 1)
    let before = Date()
    #expect(code { try read(Wire.model(Wire().message(5, dims))) { $0.parseBase = 0 } } == .overLimit)
    #expect(Date().timeIntervalSince(before) < 5)
  }

  @Test func aGraphMayTakeTwiceItsFileAndSixteenMebibytes() throws {
    func short(_ kind: String, _ inputs: Int, _ outputs: [String]) -> Wire {
      let node = outputs.reduce((0..<inputs).reduce(Wire()) { node, _ in node.text(1, "a") }) { $0.text(2, $1) }
      return Wire().message(1, node.text(4, kind))
    }
    func isRefused(
      _ count: Int, _ part: (Int) -> Wire, padding: Int = 0, _ change: (inout Limits) -> Void = { _ in }
    ) -> Bool {
      let graph = Wire(bytes: (0..<count).flatMap { part($0).bytes })
        .message(11, Wire.declaration("a", type: 1, dims: [1]))
        .data(10, [UInt8](repeating: 0x20, count: padding))  // a documentation string, which nobody reads
      let found = code { try read(Wire.model(graph), change) }
      #expect(found != nil && found != .damaged)
      return found == .overLimit
    }
    let (abs, sum) = (short("Abs", 1, []), short("Sum", 1000, []))
    let split = short("Split", 1, (0..<1000).map { "\($0)" })
    // Nodes, what they read, what they make, initialisers. A few thousand are read; of nodes the first is at fault.
    let kinds: [(few: Int, many: Int, part: (Int) -> Wire)] = [
      (15_000, 20_000, { _ in abs }), (80, 120, { _ in sum }), (40, 70, { _ in split }),
      (10_000, 30_000, { Wire().message(5, Wire.tensor("\($0)", type: 1, dims: []).data(9, [0, 0, 0, 0])) }),
    ]
    for (index, (few, many, part)) in kinds.enumerated() {
      #expect(!isRefused(few, part), "kind \(index)")
      #expect(isRefused(many, part), "kind \(index)")
    }
    #expect(!isRefused(20_000, { _ in abs }, padding: 4 << 20), "a larger file")
    #expect(!isRefused(20_000, { _ in abs }) { $0.memoryBytes = 1 << 30 }, "trusted")
    // Nodes in branches count like others.
    for (count, isOver) in [(10_000, false), (25_000, true)] {
      let inner = Wire(bytes: (0..<count).flatMap { _ in abs.bytes })
      let branch = Wire().text(1, "then_branch").message(6, inner).int(20, 5)
      #expect(isRefused(1, { _ in Wire().message(1, Wire.node("If", ["a"], ["b"], [branch])) }) == isOver)
    }
  }

  @Test func deepNestingIsJustBytes() throws {
    // A graph in an attribute in a node in a graph …, 2,000 deep: refused after the first few.
    var graph = Wire.node("If", ["x"], ["y"])
    for _ in 0..<2000 {
      graph = Wire.node(
        "If", ["x"], ["y"], [Wire().text(1, "then_branch").message(6, Wire().message(1, graph)).int(20, 5)])
    }
    let x = Wire.declaration("x", type: 1, dims: [1])
    #expect(code { try read(Wire.model(Wire().message(1, graph).message(11, x))) } == .overLimit)
  }

  @Test func everyBudgetIsSurvived() throws {
    // Each allocation in turn is the one that fails.
    let scratch = try TemporaryFolder()
    let path = try scratch.write(Wire.concat(weights).bytes, to: "m.onnx")
    var limits = Limits.standard
    limits.parseFactor = 0
    var refused = 0
    for budget in stride(from: 0, through: 6000, by: 8) {
      limits.parseBase = budget
      let problems = ONNXFile.examine(path, limits: limits).problems
      #expect(problems.allSatisfy { $0.code == .overLimit })
      if !problems.isEmpty { refused += 1 }
    }
    #expect(refused > 50 && refused < 750)
  }
}
