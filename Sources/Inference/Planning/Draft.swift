import Kernels
import ModelGraph

/// A step as the planner decides it, before there is memory: kernels' parameters without their pointers.
struct Draft {
  enum Work {
    case convolution(f32_convolution, ConvolutionWeights)
    case winograd(f32_winograd, ConvolutionWeights)
    case depthwise(f32_depthwise, weights: Int, bias: Int?)
    case pool(f32_pool)
    case unary(f32_unary)
    case binary(f32_binary)
    case affine(f32_affine, BatchNormalizationValues)
    case softmax(f32_softmax)
    case transpose(f32_transpose)
    case copy(rows_copy, yOffset: Int)
    case quantizedConvolution(q8_convolution, QuantizedWeights)
    case quantizedWinograd(q8_winograd, QuantizedWeights)
    case quantizedAdd(q8_add)
    case quantizedPool(q8_pool)
    case quantize(q8_quantize)
    case dequantize(q8_dequantize)
    case bytesTranspose(bytes_transpose)
    /// The node's own definition, on tensors.
    case reference(node: Int)
  }

  /// The node this is for.
  var name: String
  var kernel: String
  var work: Work
  /// Operands in the order of the work's own parameters.
  var reads: [Operand]
  var writes: [Int]
  var multiplyAdds = 0
}

/// Where a step finds an operand.
enum Operand {
  case buffer(Int)
  /// A graph input, as the caller hands it over.
  case input(Int)
  /// The constant of a value.
  case constant(Graph.ValueID)
  /// An optional operand left out.
  case none
}

/// The constants behind a convolution or matrix product.
struct ConvolutionWeights {
  var weights: Graph.ValueID
  var bias: Graph.ValueID?
  /// nil: ONNX's convolution layout.
  var layout: f32_weight_layout?
  /// Multiplies the weights (Gemm's alpha) and the bias (beta).
  var scale: Float = 1
  var biasScale: Float = 1
}

/// The constants behind a convolution or matrix product of 8-bit integers.
struct QuantizedWeights {
  var weights: Graph.ValueID
  /// One, or one for each output channel.
  var scales: Graph.ValueID
  var zeros: Graph.ValueID?
  /// In units of x's scale · w's scale.
  var bias: Graph.ValueID?
  /// nil: ONNX's convolution layout.
  var layout: f32_weight_layout?
  /// x's scale / y's scale (y's 1 for a float result): times w's, what a sum is multiplied by.
  var ratio: Float
}

struct BatchNormalizationValues {
  var scale: Graph.ValueID
  var bias: Graph.ValueID
  var mean: Graph.ValueID
  var variance: Graph.ValueID
  var epsilon: Float
}
