/// A measure against the loss of accuracy by quantization, which is taken where it helps.
public enum QuantizationMeasure: String, CaseIterable, Sendable {
  /// Factors that give the channels of a value like ranges (``Equalization``).
  case equalization
  /// Ranges end where the functions that read a value are constant.
  case functionRanges = "function-ranges"
  /// Scales of weights with the least squared error, which may clip the largest ones.
  case weightClipping = "weight-clipping"
  /// Biases compensate for the shift of the channels' means.
  case biasCorrection = "bias-correction"
  /// The small products of squeeze-and-excitation stay in float.
  case floatGates = "float-gates"
  /// The first product stays in float.
  case floatStem = "float-stem"
  /// The last product stays in float.
  case floatHead = "float-head"
  /// The layers that lose most stay in float.
  case floatLayers = "float-layers"
}

extension Quantizer {
  /// The options of quantization.
  public struct Recipe: Sendable, Equatable {
    public var method: CalibrationMethod
    public var equalizes = false
    /// true: the scale of a channel's weights minimises the squared error and may clip; false: it maps the largest
    /// weight to 127.
    public var clipsWeights = true
    public var correctsBiases = false
    /// Whether the products of squeeze-and-excitation are computed in float. Their weights are stored as int8.
    public var floatGates = false
    /// Whether the first and the last product stay in float.
    public var floatStem = false
    public var floatHead = false
    /// Nodes of other products that are computed in float, in order. Their weights are stored as int8.
    public var floatLayers: [Int] = []

    public init(_ method: CalibrationMethod) { self.method = method }
  }
}
