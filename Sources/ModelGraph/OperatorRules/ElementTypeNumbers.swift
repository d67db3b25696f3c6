/// ONNX's numbers of element types (TensorProto.DataType), which Cast's `to` and QuantizeLinear's `output_dtype` hold.
extension ElementType {
  public init?(onnxNumber: Int) {
    switch onnxNumber {
    case 1: self = .float32
    case 2: self = .uint8
    case 3: self = .int8
    case 6: self = .int32
    case 7: self = .int64
    case 9: self = .bool
    case 11: self = .float64
    default: return nil
    }
  }

  public var onnxNumber: Int {
    switch self {
    case .float32: 1
    case .uint8: 2
    case .int8: 3
    case .int32: 6
    case .int64: 7
    case .bool: 9
    case .float64: 11
    }
  }

  /// The name of an element type by its number, also of types that are not supported: for messages.
  static func onnxName(_ number: Int) -> String {
    let names = [
      "undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16",
      "float64",
      "uint32", "uint64", "complex64", "complex128", "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2",
      "float8e5m2fnuz", "uint4", "int4", "float4e2m1", "float8e8m0",
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
