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
