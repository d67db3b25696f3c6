import Giemsa
import Text

/// The allowed deviation of a float: |found - expected| <= absolute + relative · |expected|.
struct Tolerance {
  var relative: Double
  var absolute: Double
}

/// The comparison of one output with its expected value, as in numpy.testing.assert_allclose: NaN equals NaN, an
/// infinity equals itself. Integers and bools must be equal.
struct Comparison {
  let agrees: Bool
  /// The result in one line.
  let text: String

  init(_ found: Tensor, _ expected: Tensor, _ tolerance: Tolerance) {
    let what = "\(found.type.name) \(found.shape)"
    guard found.type == expected.type, found.shape == expected.shape else {
      agrees = false
      text = "MISMATCH: \(what) where \(expected.type.name) \(expected.shape) was expected"
      return
    }
    let summary =
      switch found.type {
      case .float32: Comparison.floats(found, expected, tolerance) { (value: Float) in Double(value) }
      case .float64: Comparison.floats(found, expected, tolerance) { (value: Double) in value }
      case .int8: Comparison.exact(found, expected) { (value: Int8) in Int(value) }
      case .uint8: Comparison.exact(found, expected) { (value: UInt8) in Int(value) }
      case .int32: Comparison.exact(found, expected) { (value: Int32) in Int(value) }
      case .int64: Comparison.exact(found, expected) { (value: Int64) in Int(value) }
      case .bool: Comparison.exact(found, expected) { (value: Bool) in value ? 1 : 0 }
      }
    agrees = summary.different == 0
    var text = "\(what): largest error \(summary.largest)"
    if !agrees {
      text = "MISMATCH: \(text); \(summary.different) of \(found.count) elements differ, the first "
      text += "at \(Comparison.position(summary.first, found.shape)): \(summary.example)"
    }
    self.text = text
  }

  private struct Summary {
    var different = 0
    var first = 0
    /// `0.5 instead of 0.25`
    var example = ""
    /// `1e-07 absolute, 2e-06 relative`
    var largest = ""
  }

  private static func floats<Element: TensorElement>(
    _ found: Tensor, _ expected: Tensor, _ tolerance: Tolerance, _ number: (Element) -> Double
  ) -> Summary {
    var summary = Summary()
    var absolute = 0.0
    var relative = 0.0
    found.withElements(Element.self) { found in
      expected.withElements(Element.self) { expected in
        for index in found.indices {
          let (a, b) = (number(found[index]), number(expected[index]))
          if a == b || (a.isNaN && b.isNaN) { continue }
          let error = (a - b).magnitude
          let isFinite = a.isFinite && b.isFinite
          if isFinite {
            absolute = max(absolute, error)
            if b != 0 { relative = max(relative, error / b.magnitude) }
          }
          if isFinite, error <= tolerance.absolute + tolerance.relative * b.magnitude { continue }
          if summary.different == 0 {
            summary.first = index
            summary.example = "\(NumberText.shortest(a)) instead of \(NumberText.shortest(b))"
          }
          summary.different += 1
        }
      }
    }
    summary.largest = "\(brief(absolute)) absolute, \(brief(relative)) relative"
    return summary
  }

  private static func exact<Element: TensorElement>(
    _ found: Tensor, _ expected: Tensor, _ number: (Element) -> Int
  ) -> Summary {
    var summary = Summary()
    var largest: UInt = 0
    found.withElements(Element.self) { found in
      expected.withElements(Element.self) { expected in
        for index in found.indices {
          let (a, b) = (number(found[index]), number(expected[index]))
          if a == b { continue }
          // Wrapping subtraction: the distance of two Ints always fits a UInt.
          largest = max(largest, a > b ? UInt(bitPattern: a &- b) : UInt(bitPattern: b &- a))
          if summary.different == 0 {
            summary.first = index
            summary.example = "\(a) instead of \(b)"
          }
          summary.different += 1
        }
      }
    }
    summary.largest = "\(largest)"
    return summary
  }

  /// Three digits are enough for an error: `1.25e-07`.
  private static func brief(_ value: Double) -> String {
    if value == 0 || !value.isFinite { return NumberText.shortest(value) }
    var scale = 1.0
    while value * scale < 100, scale < 1e300 { scale *= 10 }
    return NumberText.shortest((value * scale).rounded() / scale)
  }

  /// `[0, 3, 1]`
  private static func position(_ index: Int, _ shape: Shape) -> String {
    var position = [Int](repeating: 0, count: shape.rank)
    var rest = index
    for axis in stride(from: shape.rank - 1, through: 0, by: -1) where shape[axis] > 0 {
      position[axis] = rest % shape[axis]
      rest /= shape[axis]
    }
    return Shape(position).description
  }
}
