import Foundation
import ModelGraph
import TestSupport
import Testing

/// What operators state about themselves is consistent.
@Suite struct OperatorRoleTests {
  @Test func everyOperatorIsThere() throws {
    let names = try Operator.every().map { "\($0.domain.name).\($0.name)" }
    #expect(Set(names).count == names.count)
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/ModelGraph/Operators").standardized.path
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == names.count)
    for operation in try Operator.every() {
      let attributes = operation.attributes
      let again = try Operator(named: operation.name, domain: operation.domain, attributes)
      #expect(again.name == operation.name, "\(operation.name) cannot be read from a file")
    }
  }

  @Test func inputsAreInOrder() throws {
    for operation in try Operator.every() {
      let inputs = operation.inputs
      #expect(inputs.map { $0.index } == Array(inputs.indices), "\(operation.name)")
      #expect(Set(inputs.map { $0.name }).count == inputs.count, "\(operation.name)")
      // Nobody can leave an input out and then repeat one.
      let first = inputs.firstIndex { $0.presence == .repeated || $0.presence == .further } ?? inputs.count
      let further = inputs[first...].allSatisfy { $0.presence == .repeated || $0.presence == .further }
      #expect(further, "\(operation.name)")
    }
  }

  @Test func onlyAsManyInputsAsThePageHas() throws {
    try Operator.conv(Conv()).checkArity(inputs: 3, outputs: 1)
    try Operator.concat(Concat(axis: 0)).checkArity(inputs: 4096, outputs: 1)
    for (operation, count) in [(Operator.conv(Conv()), 1), (.conv(Conv()), 4), (.relu(Relu()), 2)] {
      #expect(throws: GraphError.self) { try operation.checkArity(inputs: count, outputs: 1) }
    }
    for operation in [Operator.concat(Concat(axis: 0)), .qLinearConcat(QLinearConcat(axis: 0))] {
      #expect(throws: GraphError.self) { try operation.checkArity(inputs: 0, outputs: 1) }
    }
  }

  /// A view's output has as many elements as its input, whatever its other inputs say.
  @Test func viewsKeepTheirElements() throws {
    let views = try Operator.every().filter { $0.movement == .view }.map { $0.name }
    #expect(views == ["Flatten", "Reshape", "Squeeze", "Unsqueeze", "Identity", "Dropout"])
    let moving = try Operator.every().filter { $0.movement == .rearrangement }.map { $0.name }
    #expect(
      Set(moving).isSuperset(of: [
        "Concat", "Transpose", "Pad", "Gather", "Slice", "Split", "Expand", "Tile", "GatherElements", "GatherND",
        "DepthToSpace", "SpaceToDepth", "ReverseSequence",
      ]))
  }
}
