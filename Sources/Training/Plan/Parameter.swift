import ModelGraph

/// Weights that learn unless they are frozen: a float constant that feeds a Conv, a normalisation, Gemm, MatMul or PRelu.
final class Parameter {
  /// Memory layout of the weights, their gradients and their moments. Checkpoints and graphs always use ONNX's order.
  enum Layout: Equatable {
    /// ONNX's order.
    case plain
    /// A convolution's `[M, C/group, taps…]` as `[group][panel of outputs][taps][inputs][width]`, as the kernels read it.
    case panels(group: Int, width: Int)
    /// A depthwise convolution's `[M, 1, taps…]` as `[taps][M]`.
    case depthwise
  }

  let name: String
  let value: Graph.ValueID
  let shape: Shape
  let layout: Layout
  /// Whether weight decay applies to it.
  let decays: Bool
  /// Which of the ``LayerGroups`` it belongs to.
  let group: Int
  /// false: frozen.
  let learns: Bool
  /// Floats in ``layout``, padding included.
  let count: Int
  /// Where it begins in the block of all weights and, if it learns, in the block of each moment.
  var offset = 0
  var gradient: Region

  init(
    name: String, value: Graph.ValueID, shape: Shape, layout: Layout, decays: Bool, group: Int, learns: Bool
  ) {
    self.name = name
    self.value = value
    self.shape = shape
    self.layout = layout
    self.decays = decays
    self.group = group
    self.learns = learns
    switch layout {
    case .plain, .depthwise: count = shape.count
    case .panels(let group, let width):
      let outputs = shape[0] / max(group, 1)
      count = group * ((outputs + width - 1) / width * width) * (shape.count / max(shape[0], 1))
    }
    gradient = Region(count)
  }

  /// Copies from ONNX's order into ``layout``. Padding becomes 0.
  func pack(_ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>) {
    target.update(repeating: 0, count: count)
    forEachWeight { plain, packed in target[packed] = source[plain] }
  }

  /// Copies from ``layout`` into ONNX's order.
  func unpack(_ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>) {
    forEachWeight { plain, packed in target[plain] = source[packed] }
  }

  /// target += source. The source is in ONNX's order.
  func packAdding(_ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>) {
    forEachWeight { plain, packed in target[packed] += source[plain] }
  }

  func tensor(_ source: UnsafePointer<Float>) throws(GraphError) -> Tensor {
    var tensor = try Tensor(zeros: shape)
    tensor.withMutableElements(Float.self) { if let base = $0.baseAddress { unpack(source, into: base) } }
    return tensor
  }

  private func forEachWeight(_ body: (_ plain: Int, _ packed: Int) -> Void) {
    switch layout {
    case .plain:
      for index in 0..<count { body(index, index) }
    case .depthwise:
      let taps = shape.count / max(shape[0], 1)
      for channel in 0..<shape[0] {
        for tap in 0..<taps { body(channel * taps + tap, tap * shape[0] + channel) }
      }
    case .panels(let group, let width):
      let inputs = shape[1]
      let taps = shape.extents[2...].reduce(1, *)
      let outputs = shape[0] / group
      let groupCount = count / group
      for filter in 0..<shape[0] {
        let (g, m) = (filter / outputs, filter % outputs)
        let start = g * groupCount + m / width * (taps * inputs * width) + m % width
        for input in 0..<inputs {
          for tap in 0..<taps {
            body((filter * inputs + input) * taps + tap, start + (tap * inputs + input) * width)
          }
        }
      }
    }
  }
}
