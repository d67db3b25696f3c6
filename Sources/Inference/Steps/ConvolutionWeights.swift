import Kernels
import ModelGraph

/// The constants of a float convolution or matrix product.
struct ConvolutionWeights {
  let weights: Graph.ValueID
  let bias: Graph.ValueID?
  /// nil: ONNX's layout of convolution weights.
  var layout: f32_weight_layout?
  /// Factors of the weights (Gemm's alpha) and of the bias (its beta).
  var scale: Float = 1
  var biasScale: Float = 1

  /// Calls `pack` with the weights' numbers, and with those of the bias times its factor; not where the packer has no
  /// weights.
  func pack(
    _ packer: Packer, _ pack: (_ weights: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?) -> Void
  ) {
    guard let weights = packer.floatWeights(weights) else { return }
    guard biasScale != 1, let id = bias, let constant = packer.constant(id) else {
      return pack(weights, packer.floats(bias))
    }
    let scaled = constant.array(of: Float.self).map { $0 * biasScale }
    scaled.withUnsafeBufferPointer { pack(weights, $0.baseAddress) }
  }
}
