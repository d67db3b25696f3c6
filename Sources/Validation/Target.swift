/// An engine that a model is meant to run in as well.
///
/// The tables are of our operators (docs/OPERATORS.md), as `tools/probe-targets` found them; docs/ci.md names the
/// versions. An operator that is listed may still be refused with unusual attributes or types.
public enum Target: Sendable, CaseIterable {
  case onnxruntime, openvino, ncnn, tflite

  /// As on the command line.
  public var name: String {
    switch self {
    case .onnxruntime: "onnxruntime"
    case .openvino: "openvino"
    case .ncnn: "ncnn"
    case .tflite: "tflite"
    }
  }

  var title: String {
    switch self {
    case .onnxruntime: "onnxruntime"
    case .openvino: "OpenVINO"
    case .ncnn: "ncnn"
    case .tflite: "TensorFlow Lite"
    }
  }

  func hasOperator(_ name: String) -> Bool {
    !missing.utf8.split(separator: UInt8(ascii: " ")).contains { $0.elementsEqual(name.utf8) }
  }

  private var missing: String {
    switch self {
    case .onnxruntime: TargetTables.onnxruntime
    case .openvino: TargetTables.openvino
    case .ncnn: TargetTables.ncnn
    case .tflite: TargetTables.tflite
    }
  }
}
