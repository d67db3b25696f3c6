/// An element of type float16: IEEE 754 binary16 with 1 sign, 5 exponent and 10 fraction bits.
///
/// A type of our own, since Swift's Float16 is missing on some processors. Where there is one,
/// `Float16(bitPattern: half.bits)` is the same number.
public struct Half: BitwiseCopyable, Hashable, Sendable {
  public var bits: UInt16

  public init(bits: UInt16) { self.bits = bits }

  /// Rounded to the nearest, halves to even; infinity from 65520 on.
  public init(_ value: Double) {
    let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
    let rounded = value.magnitude.rounded(bits: 10, least: -14)
    if !(rounded <= 65504) {
      bits = rounded.isNaN ? sign | 0x7E00 : sign | 0x7C00
    } else if rounded < 0x1p-14 {
      bits = sign | UInt16(rounded * 0x1p24)
    } else {
      let pattern = Float(rounded).bitPattern
      bits = sign | UInt16(truncatingIfNeeded: (pattern >> 13) &- 112 << 10)
    }
  }

  /// The same number.
  public var float: Float {
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
}

/// An element of type bfloat16: the upper half of a float32, 1 sign, 8 exponent and 7 fraction bits.
public struct BrainFloat: BitwiseCopyable, Hashable, Sendable {
  public var bits: UInt16

  public init(bits: UInt16) { self.bits = bits }

  /// Rounded to the nearest, halves to even.
  public init(_ value: Double) {
    let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
    let rounded = value.magnitude.rounded(bits: 7, least: -126)
    // A float32 holds every such number; a larger one becomes infinite, as it must.
    bits = rounded.isNaN ? sign | 0x7FC0 : sign | UInt16(truncatingIfNeeded: Float(rounded).bitPattern >> 16)
  }

  /// The same number.
  public var float: Float { Float(bitPattern: UInt32(bits) << 16) }
}

extension Double {
  /// A number that is not negative, rounded to `bits` binary places behind the leading one, halves to even. Below
  /// 2^`least` numbers are as far apart as above it.
  fileprivate func rounded(bits: Int, least: Int) -> Double {
    guard isFinite else { return self }
    let exponent = Swift.max(Int(bitPattern >> 52) - 1023, least)
    // Added to a number of the exponent, this leaves only as many places.
    let shift = Double(bitPattern: UInt64(exponent - bits + 52 + 1023) << 52) * 1.5
    // The exponent of a float64 ends long after that of both formats: beyond 2^900 the sum would be infinite.
    return exponent > 900 ? self : (self + shift) - shift
  }
}
