/// The element types of tensors.
///
/// Those of float16 and bfloat16 are kept in their two bytes. Operators compute with them as with float32 or float64, and
/// round each result once. Before a graph is planned for the engine, `lowerHalfFloats` in Passes leaves the roundings
/// between operators out.
public enum ElementType: UInt8, Sendable, CaseIterable {
  // The raw values are those of giemsa.h.
  case float32, float64, int8, uint8, int32, int64, bool, float16, bfloat16, int16, uint16, uint32, uint64

  /// Bytes per element.
  public var byteCount: Int {
    switch self {
    case .int8, .uint8, .bool: 1
    case .float16, .bfloat16, .int16, .uint16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64, .uint64: 8
    }
  }

  /// The name NumPy and the ONNX pages use.
  public var name: String {
    switch self {
    case .float32: "float32"
    case .float64: "float64"
    case .int8: "int8"
    case .uint8: "uint8"
    case .int32: "int32"
    case .int64: "int64"
    case .bool: "bool"
    case .float16: "float16"
    case .bfloat16: "bfloat16"
    case .int16: "int16"
    case .uint16: "uint16"
    case .uint32: "uint32"
    case .uint64: "uint64"
    }
  }

  public var isFloat: Bool { lane == .real }
  /// float16 or bfloat16.
  public var isHalf: Bool { self == .float16 || self == .bfloat16 }
}

/// A Swift type that is the element of a ``Tensor``.
public protocol TensorElement: BitwiseCopyable, Sendable {
  static var elementType: ElementType { get }
}

extension Float: TensorElement { public static var elementType: ElementType { .float32 } }
extension Double: TensorElement { public static var elementType: ElementType { .float64 } }
extension Int8: TensorElement { public static var elementType: ElementType { .int8 } }
extension UInt8: TensorElement { public static var elementType: ElementType { .uint8 } }
extension Int16: TensorElement { public static var elementType: ElementType { .int16 } }
extension UInt16: TensorElement { public static var elementType: ElementType { .uint16 } }
extension Int32: TensorElement { public static var elementType: ElementType { .int32 } }
extension UInt32: TensorElement { public static var elementType: ElementType { .uint32 } }
extension Int64: TensorElement { public static var elementType: ElementType { .int64 } }
extension UInt64: TensorElement { public static var elementType: ElementType { .uint64 } }
extension Bool: TensorElement { public static var elementType: ElementType { .bool } }
extension Half: TensorElement { public static var elementType: ElementType { .float16 } }
extension BrainFloat: TensorElement { public static var elementType: ElementType { .bfloat16 } }
