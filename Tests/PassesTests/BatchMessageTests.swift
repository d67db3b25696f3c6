import ModelGraph
import TestSupport
import Testing

/// A file exported for one batch size and run with another: the message names the batch size it was made for and says
/// what to do.
@Suite struct BatchMessageTests {
  /// [N, 4, 2, 2] with `x.view(1, -1)` as exported: the batch size is in the constant.
  private func graph(_ batch: Dimension) throws -> Graph {
    var sketch = Sketch()
    let x = sketch.input([batch, .fixed(4), .fixed(2), .fixed(2)])
    let flat = try sketch.node("Reshape", [x, try sketch.ints([1, 16])])
    sketch.output(try sketch.node("Gemm", [flat, try sketch.constant([16, 3])]))
    return sketch.graph
  }

  private func message(_ batch: Dimension) throws -> String {
    let graph = try graph(batch)
    let error = #expect(throws: GraphError.self) { _ = try graph.infer([[3, 4, 2, 2]]) }
    #expect(error?.code == .shapeMismatch)
    return error?.message ?? ""
  }

  @Test func aFixedBatchIsNamed() throws {
    let message = try message(.fixed(1))
    #expect(message.contains("made for a batch of 1, not of 3") && message.contains("free batch"), "\(message)")
  }

  @Test func aBatchThatIsFreeInNameOnly() throws {
    let message = try message(.symbol("N"))
    #expect(message.contains("'N' is free") && message.contains("batch of 1"), "\(message)")
  }
}
