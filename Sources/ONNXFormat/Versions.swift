import ModelGraph

/// The ONNX versions that are read and the one that is written, stated only here.
enum Versions {
  static let readIR: ClosedRange<Int64> = 3...14

  /// Opsets of the ONNX domain. Up to 21, each operator follows its opset's definition; below 7, operators of two inputs
  /// broadcast the second as its attributes `broadcast` and `axis` say (``OldBroadcast``). From 22 to 28 our operators
  /// changed only as follows (`onnx.defs.get_all_schemas_with_history()` of onnx 1.23):
  ///
  /// - 22 adds bfloat16 to Conv, the pools, Dropout, the activations, Round and the trigonometric functions, and specifies
  ///   for AveragePool and MaxPool that windows which would start in the right padding are left out, as all engines did;
  /// - 23, 24, 25 and 28 add 2-, 4-, 6- and 8-bit types to Cast, Constant, Flatten, Identity, Pad, Reshape, Shape,
  ///   Squeeze, Transpose, Unsqueeze and the two quantisers, whose new attributes (Cast `round_mode`, QuantizeLinear
  ///   `precision`, DequantizeLinear `output_dtype`) change nothing when absent;
  /// - 28 adds types to BitShift and Celu, says what Mod is for floats, and takes integers from ReduceLogSum and
  ///   ReduceLogSumExp.
  ///
  /// So these are accepted; newer ones are refused until their changes have been checked.
  static let readOpsets: ClosedRange<Int64> = 1...28

  /// The opsets that `upgrade` writes. Before 7, broadcasting had other rules.
  static let convertedOpsets: ClosedRange<Int64> = 7...28

  /// The opset that a graph is written for: ``Graph/opset``, or that of its newest operator. Since later opsets only add
  /// operators and types, it does not change what the others mean.
  static func writtenOpset(of graph: Graph) -> Int64 {
    Int64(graph.nodes.reduce(Graph.opset) { max($0, $1.operation.firstOpset) })
  }

  /// The IR version of the release of ONNX that brought an opset (https://onnx.ai/onnx/repo-docs/Versioning.html); 4 for
  /// the oldest, before which initialisers had to be listed as inputs.
  static func writtenIR(ofOpset opset: Int64) -> Int64 {
    switch opset {
    case ...9: 4
    case 10: 5
    case 11: 6
    case 12...14: 7
    case 15...18: 8
    case 19...20: 9
    case 21...22: 10
    case 23: 11
    case 24: 12
    case 25...27: 13
    default: 14
    }
  }

  static let writtenMicrosoftOpset: Int64 = 1
  static let producer = "giemsa"
  static let producerVersion = Version.number
}
