import Text

/// ONNX's numbers of element types (TensorProto.DataType), which Cast's `to` and QuantizeLinear's `output_dtype` hold.
extension ElementType {
  /// By ``rawValue``.
  private static let onnxNumbers: [UInt8] = [1, 11, 3, 2, 6, 7, 9, 10, 16, 5, 4, 12, 13]

  /// nil for a type that is not supported.
  public init?(onnxNumber: Int) {
    guard let index = Self.onnxNumbers.firstIndex(where: { Int($0) == onnxNumber }) else { return nil }
    self.init(rawValue: UInt8(index))
  }

  public var onnxNumber: Int { Int(Self.onnxNumbers[Int(rawValue)]) }

  /// From the name of TensorProto.DataType, `DOUBLE`, which Cast had before opset 6.
  init?(onnxName: String) {
    switch onnxName {
    case "FLOAT": self = .float32
    case "DOUBLE": self = .float64
    case "FLOAT16": self = .float16
    case "INT8": self = .int8
    case "INT16": self = .int16
    case "INT32": self = .int32
    case "INT64": self = .int64
    case "UINT8": self = .uint8
    case "UINT16": self = .uint16
    case "UINT32": self = .uint32
    case "UINT64": self = .uint64
    case "BOOL": self = .bool
    default: return nil
    }
  }

  /// The name of an element type by its number, also of types that are not supported: for messages.
  public static func onnxName(_ number: Int) -> String {
    let names = [
      "undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16",
      "float64",
      "uint32", "uint64", "complex64", "complex128", "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2",
      "float8e5m2fnuz", "uint4", "int4", "float4e2m1", "float8e8m0", "uint2", "int2", "float6e2m3", "float6e3m2",
    ]
    return names.indices.contains(number) ? names[number] : "number \(number)"
  }
}

extension AttributeReader {
  /// The element type of an attribute that holds an ONNX number. Throws E111 for a type that is not supported.
  func elementType(_ name: String, _ number: Int) throws(GraphError) -> ElementType {
    guard let type = ElementType(onnxNumber: number) else {
      throw GraphError(
        .unsupportedType,
        "\(operatorName): attribute '\(name)' is element type \(ElementType.onnxName(number)), which is not supported")
    }
    return type
  }
}
