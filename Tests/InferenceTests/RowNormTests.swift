import Inference
import ModelGraph
import TestSupport
import Testing

@Suite struct RowNormTests {
  @Test(arguments: [1, 3, 17, 64, 384, 1000]) func layerNormalization(_ columns: Int) throws {
    var sketch = Sketch(seed: columns)
    let x = sketch.input([2, 5, columns])
    let scale = try sketch.constant([columns])
    sketch.output(try sketch.node("LayerNormalization", [x, scale, try sketch.constant([columns])]))
    sketch.output(try sketch.node("LayerNormalization", [x, scale], [.float("epsilon", 0.1)]))
    sketch.output(try sketch.node("RMSNormalization", [x, scale]))
    try sketch.check(tolerance: 2e-5)
  }

  @Test func overSeveralAxes() throws {
    var sketch = Sketch(seed: 1)
    let x = sketch.input([2, 3, 4, 5])
    let inputs = [x, try sketch.constant([3, 4, 5]), try sketch.constant([3, 4, 5])]
    sketch.output(try sketch.node("LayerNormalization", inputs, [.int("axis", 1)]))
    try sketch.check(tolerance: 2e-5)
  }

  /// ConvNeXt: channels are moved to the end, normalised and moved back, which costs no copy.
  @Test func betweenConvolutions() throws {
    var sketch = Sketch(seed: 2)
    let x = try sketch.node("Conv", [sketch.input([1, 3, 6, 7]), try sketch.constant([24, 3, 1, 1])])
    let last = try sketch.node("Transpose", [x], [.ints("perm", [0, 2, 3, 1])])
    let norm = try sketch.node("LayerNormalization", [last, try sketch.constant([24]), try sketch.constant([24])])
    let back = try sketch.node("Transpose", [norm], [.ints("perm", [0, 3, 1, 2])])
    sketch.output(try sketch.node("Conv", [back, try sketch.constant([5, 24, 1, 1])]))
    try sketch.check(tolerance: 2e-5)
    let kernels = try Engine(sketch.graph).profile.map { $0.kernel }
    #expect(!kernels.contains("pick"), "\(kernels)")
  }

  /// A row far from 0 keeps its digits.
  @Test func farFromZero() throws {
    var sketch = Sketch(seed: 3)
    let x = sketch.input([4, 500])
    let norm = try sketch.node("LayerNormalization", [x, try sketch.constant([500])])
    sketch.output(norm)
    let numbers = try Tensor([4, 500], sketch.noise.floats(2000).map { $0 + 100 })
    try sketch.check([numbers], tolerance: 1e-4)
  }
}
