import ModelGraph

/// The versions of ONNX that are read, and the one that is written: the only place that states them.
enum Versions {
  static let readIR: ClosedRange<Int64> = 3...14

  /// Opsets of the ONNX domain. Each operator has the meaning its opset gives it up to 21. From 22 to 28 the pages of
  /// our operators changed only so (`onnx.defs.get_all_schemas_with_history()` of onnx 1.23):
  ///
  /// - 22 adds bfloat16 to Conv, the pools, Dropout, HardSigmoid, HardSwish, and says of AveragePool and MaxPool what
  ///   everybody did: windows that would start in the right padding are left out;
  /// - 23, 24, 25 and 28 add 2-, 4-, 6- and 8-bit types to Cast, Constant, Flatten, Identity, Pad, Reshape, Shape,
  ///   Squeeze, Transpose, Unsqueeze and the two quantisers, whose new attributes (Cast `round_mode`, QuantizeLinear
  ///   `precision`, DequantizeLinear `output_dtype`) leave everything as it was when absent.
  ///
  /// So they are accepted; a newer one is refused until its changes have been looked at.
  static let readOpsets: ClosedRange<Int64> = 7...28

  /// Belongs to opset 21 (https://onnx.ai/onnx/repo-docs/Versioning.html).
  static let writtenIR: Int64 = 10
  static let writtenOpset = Int64(Graph.opset)
  static let writtenMicrosoftOpset: Int64 = 1
  static let producer = "giemsa"
  static let producerVersion = Version.number
}
