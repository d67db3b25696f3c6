import Platform
import Text

/// The norm that LpPool and GlobalLpPool take: (Σ |x|^p) ^ (1/p).
public struct Norm: Sendable, Equatable {
  /// At least 1.
  public var p: Int

  public init(p: Int = 2) { self.p = p }

  /// `p` is a float in opset 1.
  init(_ attributes: AttributeReader) throws(GraphError) {
    if attributes.opset < 2 {
      let number = try attributes.float("p", default: 2)
      p = Int(saturating: number)
      guard Float(p) == number else { throw attributes.bad("p", "is \(number), must be a whole number") }
    } else {
      p = try attributes.int("p", default: 2)
    }
    guard p >= 1 else { throw attributes.bad("p", "is \(p), must be at least 1") }
  }

  var attributes: [Attribute] { [.int("p", p)] }

  /// What an element adds to the sum.
  @inline(__always)
  func term(_ x: Double) -> Double {
    switch p {
    case 1: x.magnitude
    case 2: x * x
    default: platform_pow(x.magnitude, Double(p))
    }
  }

  /// The norm of elements whose terms add up to `sum`.
  @inline(__always)
  func root(_ sum: Double) -> Double {
    switch p {
    case 1: sum
    case 2: sum.squareRoot()
    default: platform_pow(sum, 1 / Double(p))
    }
  }
}
