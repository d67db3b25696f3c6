import Inference
import ModelGraph
import TestSupport
import Testing

/// Products of two activations, against their definition.
@Suite struct MatMulTests {
  @Test(arguments: [
    ([5, 7], [7, 3]), ([2, 3, 17, 33], [2, 3, 33, 40]), ([3, 1, 14, 5], [1, 4, 5, 65]), ([4, 1, 16], [16, 1]),
    ([1, 50, 64], [6, 64, 31]), ([2, 1, 1, 2, 3, 4], [1, 2, 3, 1, 4, 5]),
  ])
  func products(_ a: [Int], _ b: [Int]) throws {
    var sketch = Sketch(seed: a[0])
    let (x, y) = (sketch.input(Shape(a)), sketch.input(Shape(b)))
    sketch.output(try sketch.node("MatMul", [x, y]))
    try sketch.check()
  }

  /// As attention has it: the second operand is turned before, and both come from layers.
  @Test func scores() throws {
    var sketch = Sketch(seed: 2)
    let x = sketch.input([2, 9, 24])
    func heads(_ permutation: [Int]) throws -> Int {
      let projected = try sketch.node("MatMul", [x, try sketch.constant([24, 24], scale: 0.2)])
      let apart = try sketch.node("Reshape", [projected, try sketch.ints([2, 9, 3, 8])])
      return try sketch.node("Transpose", [apart], [.ints("perm", permutation)])
    }
    let (q, k, v) = (try heads([0, 2, 1, 3]), try heads([0, 2, 3, 1]), try heads([0, 2, 1, 3]))
    let shares = try sketch.node("Softmax", [try sketch.node("MatMul", [q, k])], [.int("axis", -1)])
    let joined = try sketch.node("Transpose", [try sketch.node("MatMul", [shares, v])], [.ints("perm", [0, 2, 1, 3])])
    sketch.output(try sketch.node("Reshape", [joined, try sketch.ints([2, 9, 24])]))
    try sketch.check()
  }

  @Test func aConstantOfSeveralMatrices() throws {
    var sketch = Sketch(seed: 3)
    let x = sketch.input([3, 5, 7])
    sketch.output(try sketch.node("MatMul", [x, try sketch.constant([3, 7, 9])]))
    sketch.output(try sketch.node("MatMul", [try sketch.constant([3, 4, 5]), x]))
    try sketch.check()
  }

  /// A product with constant weights, and what its step computes besides: a row, a residual, an activation; in any order, read
  /// elsewhere, or made too late.
  @Test(arguments: ["Relu", "Gelu", "Sigmoid", "Tanh"]) func chains(_ activation: String) throws {
    for rows in [[2, 9, 24], [1, 24], [3, 1, 5, 24]] {
      var sketch = Sketch(seed: rows.count)
      let x = sketch.input(Shape(rows))
      func product(_ x: Int) throws -> Int {
        try sketch.node("MatMul", [x, try sketch.constant([24, 24], scale: 0.2)])
      }
      func act(_ x: Int) throws -> Int { try sketch.node(activation, [x]) }
      func add(_ a: Int, _ b: Int) throws -> Int { try sketch.node("Add", [a, b]) }
      let row = try sketch.constant([24])
      let biased = try act(try add(row, try product(x)))
      sketch.output(biased)
      let first = try add(try add(try product(biased), row), x)
      sketch.output(try act(first))
      sketch.output(first)
      sketch.output(try act(try add(try add(biased, try product(first)), row)))
      // The residual is made behind the product.
      let early = try product(x)
      sketch.output(try act(try add(early, try act(x))))
      sketch.output(try add(try product(x), try sketch.constant([1])))
      try sketch.check()
    }
  }
}
