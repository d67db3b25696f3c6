import ModelGraph
import Passes
import TestSupport
import Testing

@Suite struct DropTests {
  @Test func identitiesGo() throws {
    var sketch = Sketch()
    var x = sketch.input([.symbol("N"), .fixed(4)])
    x = try sketch.node("Identity", [x])
    x = try sketch.node("Relu", [x])
    x = try sketch.node("Dropout", [x])
    x = try sketch.node("Cast", [x], [.int("to", 1)])
    x = try sketch.node("Flatten", [x])
    x = try sketch.node("Sigmoid", [x])
    x = try sketch.node("Identity", [x])
    sketch.output(x)
    #expect(try apply(dropIdentity, to: sketch, changes: 5).operators == ["Relu", "Sigmoid"])
  }

  @Test func identityBetweenInputAndOutputStays() throws {
    var sketch = Sketch()
    let x = sketch.input([2, 3])
    sketch.output(try sketch.node("Identity", [x]))
    #expect(try apply(dropIdentity, to: sketch, changes: 0).operators == ["Identity"])
  }

  @Test func identityOfAnOutputStays() throws {
    var sketch = Sketch()
    let x = try sketch.node("Relu", [sketch.input([2, 3])])
    sketch.output(x)
    sketch.output(try sketch.node("Identity", [x]))
    #expect(try apply(dropIdentity, to: sketch, changes: 0).operators == ["Relu", "Identity"])
  }

  @Test func identityThatAlsoOthersReadKeepsItsName() throws {
    var sketch = Sketch()
    let x = try sketch.node("Relu", [sketch.input([2, 3])])
    let y = try sketch.node("Identity", [x])
    sketch.output(try sketch.node("Add", [x, y]))
    sketch.output(y)
    #expect(try apply(dropIdentity, to: sketch, changes: 1).operators == ["Relu", "Add"])
  }

  @Test func dropoutWithAWantedMaskStays() throws {
    var sketch = Sketch()
    let x = sketch.input([2, 3])
    let (y, mask) = (sketch.graph.addValue("y"), sketch.graph.addValue("mask"))
    sketch.graph.nodes.append(
      Graph.Node("drop", try Operator(named: "Dropout"), inputs: [x], outputs: [y, mask]))
    sketch.output(try sketch.node("Relu", [y]))
    sketch.output(mask)
    #expect(try apply(dropIdentity, to: sketch, changes: 0).operators == ["Dropout", "Relu"])
  }

  @Test func deadNodesAndConstantsGo() throws {
    var sketch = Sketch()
    let x = sketch.input([2, 3])
    let y = try sketch.node("Relu", [x])
    let dead = try sketch.node("Add", [y, try sketch.constant([3])])
    _ = try sketch.node("Sigmoid", [dead])
    sketch.output(try sketch.node("Sigmoid", [y]))
    let graph = try apply(dropDeadNodes, to: sketch, changes: 3)
    #expect(graph.operators == ["Relu", "Sigmoid"])
    #expect(graph.values.count == 3)
  }
}
