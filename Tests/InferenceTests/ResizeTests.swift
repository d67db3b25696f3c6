import Inference
import ModelGraph
import TestSupport
import Testing

/// Resize by kernels, against its definition.
@Suite struct ResizeTests {
  @Test(
    arguments: ["nearest", "linear", "cubic"],
    ["half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel", "half_pixel_symmetric"])
  func modes(_ mode: String, _ coordinates: String) throws {
    for (height, width) in [(14, 10), (3, 21), (5, 5), (1, 2)] {
      var sketch = Sketch(seed: height)
      let x = try sketch.node("Conv", [sketch.input([2, 6, 7, 9]), try sketch.constant([17, 6, 1, 1])])
      let sizes = try sketch.ints([2, 17, Int64(height), Int64(width)])
      let attributes: [Attribute] = [
        .string("mode", mode), .string("coordinate_transformation_mode", coordinates),
      ]
      let y = try sketch.node("Resize", [x, nil, nil, sizes], attributes)
      sketch.output(y)
      sketch.output(try sketch.node("Conv", [y, try sketch.constant([3, 17, 1, 1])]))
      try sketch.check()
    }
  }

  @Test(arguments: ["linear", "cubic"]) func antialiased(_ mode: String) throws {
    var sketch = Sketch(seed: 1)
    let x = sketch.input([1, 3, 20, 31])
    let scales = sketch.constant(try Tensor([4], [1, 1, 0.4, 0.3] as [Float]))
    sketch.output(try sketch.node("Resize", [x, nil, scales], [.string("mode", mode), .int("antialias", 1)]))
    try sketch.check()
  }

  @Test(arguments: [[4], [2, 4], [2, 3, 4], [1, 2, 3, 4, 5]]) func otherRanks(_ extents: [Int]) throws {
    var sketch = Sketch(seed: 2)
    let x = sketch.input(Shape(extents))
    let scales = sketch.constant(try Tensor([extents.count], extents.map { $0 > 2 ? Float(1.7) : 1 }))
    sketch.output(try sketch.node("Resize", [x, nil, scales], [.string("mode", "linear")]))
    sketch.output(try sketch.node("Resize", [x, nil, scales], [.string("mode", "nearest")]))
    try sketch.check()
  }

  /// An infinity spreads only to what reads it.
  @Test func infinities() throws {
    var sketch = Sketch(seed: 3)
    let x = sketch.input([1, 1, 4, 4])
    let sizes = try sketch.ints([1, 1, 8, 8])
    sketch.output(try sketch.node("Resize", [x, nil, nil, sizes], [.string("mode", "linear")]))
    var numbers = [Float](repeating: 1, count: 16)
    numbers[5] = .infinity
    try sketch.check([try Tensor([1, 1, 4, 4], numbers)])
  }
}
