import Inference
import ModelGraph
import TestSupport
import Testing

/// Reductions by kernels, against their definitions.
@Suite struct ReduceTests {
  @Test(arguments: ["ReduceSum", "ReduceMean", "ReduceSumSquare", "ReduceL2", "ReduceMax", "ReduceMin"])
  func neighbouringAxes(_ name: String) throws {
    for (shape, axes) in [
      ([3, 5], [1]), ([2, 40, 7], [1]), ([2, 5, 3, 33], [1, 2]), ([4, 700], [-1]), ([1, 9, 1, 17], [0, 1, 2]),
      ([2, 3, 4], []), ([5, 1, 600, 2], [2]),
    ] as [([Int], [Int64])] {
      for keeps in [0, 1] {
        var sketch = Sketch(seed: shape[0])
        let x = sketch.input(Shape(shape))
        let inputs = [x] + (axes.isEmpty ? [] : [try sketch.ints(axes)])
        sketch.output(try sketch.node(name, inputs, [.int("keepdims", keeps)]))
        try sketch.check()
      }
    }
  }

  /// Of a value whose channels are last: over positions, over channels, over both, and over one axis of the positions.
  @Test(arguments: ["ReduceMean", "ReduceL2", "ReduceMax"]) func channelsLast(_ name: String) throws {
    for axes in [[2, 3], [1], [1, 2, 3], [3], [-1, -2]] as [[Int64]] {
      for keeps in [0, 1] {
        var sketch = Sketch(seed: axes.count)
        let x = sketch.input([2, 5, 7, 6])
        let y = try sketch.node("Conv", [x, try sketch.constant([19, 5, 1, 1])])
        sketch.output(try sketch.node(name, [y, try sketch.ints(axes)], [.int("keepdims", keeps)]))
        try sketch.check()
      }
    }
  }

  @Test func axesApartAreLeftToTheDefinition() throws {
    var sketch = Sketch(seed: 1)
    let x = sketch.input([2, 3, 4])
    sketch.output(try sketch.node("ReduceSum", [x, try sketch.ints([0, 2])]))
    try sketch.check(references: 1)
  }

  @Test(arguments: ["ReduceMax", "ReduceMin", "ReduceSum"]) func aNaNStays(_ name: String) throws {
    for place in [0, 3, 17, 34] {
      var sketch = Sketch(seed: 1)
      let x = sketch.input([2, 35])
      sketch.output(try sketch.node(name, [x, try sketch.ints([1])]))
      var numbers = sketch.noise.floats(70)
      numbers[place] = .nan
      try sketch.check([try Tensor([2, 35], numbers)])
    }
  }
}
