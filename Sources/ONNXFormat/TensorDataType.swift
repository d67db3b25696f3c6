import ModelGraph

/// ONNX's numbers for element types. https://onnx.ai/onnx/repo-docs/IR.html
enum TensorDataType {
  static let float16: Int32 = 10
  static let bfloat16: Int32 = 16

  /// Our element type; nil if it is not supported.
  static func elementType(_ number: Int32) -> ElementType? {
    switch number {
    case 1: .float32
    case 2: .uint8
    case 3: .int8
    case 6: .int32
    case 7: .int64
    case 9: .bool
    case 11: .float64
    default: nil
    }
  }

  static func number(_ type: ElementType) -> Int32 {
    switch type {
    case .float32: 1
    case .uint8: 2
    case .int8: 3
    case .int32: 6
    case .int64: 7
    case .bool: 9
    case .float64: 11
    }
  }

  /// The type's name, for messages.
  static func name(_ number: Int32) -> String {
    let names = [
      "undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16",
      "float64", "uint32", "uint64", "complex64", "complex128", "bfloat16", "float8e4m3fn", "float8e4m3fnuz",
      "float8e5m2", "float8e5m2fnuz", "uint4", "int4", "float4e2m1", "float8e8m0", "uint2", "int2", "float6e2m3",
      "float6e3m2",
    ]
    return number >= 0 && number < names.count ? names[Int(number)] : "number \(number)"
  }
}

/// Widens the two 16-bit float formats to float.
enum HalfFloat {
  /// IEEE binary16: 1 sign, 5 exponent, 10 fraction bits.
  static func float16(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10 & 0x1F)
    let fraction = UInt32(bits & 0x3FF)
    switch exponent {
    case 0:
      // Subnormal: fraction · 2^-24, exact in a float.
      let magnitude = Float(fraction) * 0x1p-24
      return Float(bitPattern: magnitude.bitPattern | sign)
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }

  /// bfloat16: the upper half of a float.
  static func bfloat16(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
}
