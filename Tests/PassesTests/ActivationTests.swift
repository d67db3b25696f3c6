import ModelGraph
import Passes
import TestSupport
import Testing

/// Activations that exporters spell out.
@Suite struct ActivationTests {
  private func number(_ value: Float, _ sketch: inout Sketch) throws -> Graph.ValueID {
    sketch.constant(try Tensor(scalar: value))
  }

  @Test(arguments: [false, true]) func swish(_ gateFirst: Bool) throws {
    var sketch = Sketch()
    let x = sketch.input([2, 5])
    let gate = try sketch.node("Sigmoid", [x])
    sketch.output(try sketch.node("Mul", gateFirst ? [gate, x] : [x, gate]))
    #expect(try apply(recogniseActivations, to: sketch, changes: 1, tolerance: 1e-6).operators == ["Swish"])
  }

  @Test func aGateOfSomethingElseStays() throws {
    var sketch = Sketch()
    let (x, y) = (sketch.input([2, 5]), sketch.input([2, 5]))
    sketch.output(try sketch.node("Mul", [x, try sketch.node("Sigmoid", [y])]))
    let read = try sketch.node("Sigmoid", [x])
    sketch.output(try sketch.node("Mul", [x, read]))
    sketch.output(read)
    #expect(try apply(recogniseActivations, to: sketch, changes: 0).operators == ["Sigmoid", "Mul", "Sigmoid", "Mul"])
  }

  @Test(arguments: 0..<4) func hardSwish(_ form: Int) throws {
    var sketch = Sketch()
    let x = sketch.input([2, 5])
    let three = try number(3, &sketch)
    let raised = try sketch.node("Add", form % 2 == 0 ? [x, three] : [three, x])
    let clip = try sketch.node("Clip", [raised, try number(0, &sketch), try number(6, &sketch)])
    switch form {
    case 0: sketch.output(try sketch.node("Div", [try sketch.node("Mul", [x, clip]), try number(6, &sketch)]))
    case 1: sketch.output(try sketch.node("Mul", [x, try sketch.node("Div", [clip, try number(6, &sketch)])]))
    case 2: sketch.output(try sketch.node("Mul", [try number(1 / 6, &sketch), try sketch.node("Mul", [clip, x])]))
    default: sketch.output(try sketch.node("Mul", [try sketch.node("Mul", [clip, try number(1 / 6, &sketch)]), x]))
    }
    let twoSteps = form % 2 == 1
    let graph = try apply(recogniseActivations, to: sketch, changes: twoSteps ? 2 : 1, tolerance: 1e-6)
    #expect(graph.operators == ["HardSwish"])
  }

  @Test func mish() throws {
    var sketch = Sketch()
    let x = sketch.input([2, 5])
    sketch.output(try sketch.node("Mul", [x, try sketch.node("Tanh", [try sketch.node("Softplus", [x])])]))
    #expect(try apply(recogniseActivations, to: sketch, changes: 1, tolerance: 1e-6).operators == ["Mish"])
  }

  @Test(arguments: 0..<3) func gelu(_ form: Int) throws {
    var sketch = Sketch()
    let x = sketch.input([2, 5])
    let scaled =
      form == 0
      ? try sketch.node("Div", [x, try number(1.4142135, &sketch)])
      : try sketch.node("Mul", [try number(0.70710677, &sketch), x])
    let normal = try sketch.node("Add", [try sketch.node("Erf", [scaled]), try number(1, &sketch)])
    let half = try number(0.5, &sketch)
    switch form {
    case 0: sketch.output(try sketch.node("Mul", [try sketch.node("Mul", [x, normal]), half]))
    case 1: sketch.output(try sketch.node("Mul", [try sketch.node("Mul", [half, x]), normal]))
    default: sketch.output(try sketch.node("Mul", [x, try sketch.node("Mul", [normal, half])]))
    }
    #expect(try apply(recogniseActivations, to: sketch, changes: 1, tolerance: 1e-6).operators == ["Gelu"])
  }

  @Test func otherNumbersStay() throws {
    var sketch = Sketch()
    let x = sketch.input([2, 5])
    let scaled = try sketch.node("Div", [x, try number(1.5, &sketch)])
    let normal = try sketch.node("Add", [try sketch.node("Erf", [scaled]), try number(1, &sketch)])
    sketch.output(try sketch.node("Mul", [try sketch.node("Mul", [x, normal]), try number(0.5, &sketch)]))
    let clip = try sketch.node(
      "Clip",
      [try sketch.node("Add", [x, try number(2, &sketch)]), try number(0, &sketch), try number(6, &sketch)])
    sketch.output(try sketch.node("Div", [clip, try number(6, &sketch)]))
    _ = try apply(recogniseActivations, to: sketch, changes: 0)
  }

  @Test func theyBecomePartOfAConvolution() throws {
    for name in ["Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Mish", "Gelu", "Swish", "LeakyRelu"] {
      var sketch = Sketch()
      let x = sketch.input([1, 4, 5, 5])
      sketch.output(try sketch.node(name, [try sketch.conv(x, from: 4, to: 4)]))
      #expect(try apply(fuseConvolution, to: sketch, changes: 1, tolerance: 1e-6).operators == ["FusedConv"], "\(name)")
    }
  }
}
