import ModelGraph

/// The ONNX versions that are read and the one that is written, stated only here.
enum Versions {
  static let readIR: ClosedRange<Int64> = 3...14

  /// Opsets of the ONNX domain. Up to 21, each operator follows its opset's definition; below 7, operators of two inputs
  /// broadcast the second as its attributes `broadcast` and `axis` say (``OldBroadcast``). From 22 to 28 our operators
  /// changed only as follows (`onnx.defs.get_all_schemas_with_history()` of onnx 1.23):
  ///
  /// - 22 adds bfloat16 to Conv, the pools, Dropout, HardSigmoid and HardSwish, and specifies for AveragePool and
  ///   MaxPool that windows which would start in the right padding are left out, as all engines did;
  /// - 23, 24, 25 and 28 add 2-, 4-, 6- and 8-bit types to Cast, Constant, Flatten, Identity, Pad, Reshape, Shape,
  ///   Squeeze, Transpose, Unsqueeze and the two quantisers, whose new attributes (Cast `round_mode`, QuantizeLinear
  ///   `precision`, DequantizeLinear `output_dtype`) change nothing when absent.
  ///
  /// So these are accepted; newer ones are refused until their changes have been checked.
  static let readOpsets: ClosedRange<Int64> = 1...28

  /// The IR version of opset 21 (https://onnx.ai/onnx/repo-docs/Versioning.html).
  static let writtenIR: Int64 = 10
  static let writtenOpset = Int64(Graph.opset)
  static let writtenMicrosoftOpset: Int64 = 1
  static let producer = "giemsa"
  static let producerVersion = Version.number
}
