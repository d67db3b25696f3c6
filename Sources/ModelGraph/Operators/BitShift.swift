import Text

/// BitShift: X shifted by Y bits. https://onnx.ai/onnx/operators/onnx__BitShift.html, opsets 11 and 28 (signed types too).
///
/// Inputs: X, Y, of one integer type. Output: Z, of the shape both broadcast to. To the right, copies of the sign come in.
/// A negative Y, or one that is not below the number of bits, shifts all of them out.
public struct BitShift: BitCombination {
  public static let name = "BitShift"
  public static let differentiability = Differentiability.notDifferentiable("it is constant almost everywhere")
  public static var types: [ElementType] { ElementType.integers }

  public var isLeft: Bool

  public init(isLeft: Bool = true) { self.isLeft = isLeft }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    switch try attributes.string("direction", default: "") {
    case "LEFT": isLeft = true
    case "RIGHT": isLeft = false
    case let other: throw attributes.bad("direction", "is '\(other)', must be LEFT or RIGHT")
    }
  }

  public var attributes: [Attribute] { [.string("direction", isLeft ? "LEFT" : "RIGHT")] }

  public func combine<Number: FixedWidthInteger>(_ a: Number, _ b: Number) -> Number {
    // A lane has 64 bits; the low ones of the result are those of any narrower type.
    let count = b < 0 || b > 63 ? 64 : Int(truncatingIfNeeded: b)
    return isLeft ? a << count : a >> count
  }
}
