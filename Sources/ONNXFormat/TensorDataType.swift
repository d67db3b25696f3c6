import ModelGraph

/// ONNX's numbers for element types, as a message holds them.
enum TensorDataType {
  /// Our element type; nil if it is not supported.
  static func elementType(_ number: Int32) -> ElementType? { ElementType(onnxNumber: Int(number)) }
  static func number(_ type: ElementType) -> Int32 { Int32(type.onnxNumber) }
  /// The type's name, for messages.
  static func name(_ number: Int32) -> String { ElementType.onnxName(Int(number)) }
}
