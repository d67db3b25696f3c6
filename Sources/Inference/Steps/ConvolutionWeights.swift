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
}
