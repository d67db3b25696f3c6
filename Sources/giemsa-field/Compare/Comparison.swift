import Giemsa
import Text

/// The allowed deviation of a float: |found - expected| <= absolute + relative · |expected|.
struct Tolerance {
  /// nil: as much as the output's type can keep.
  var relative: Double?
  /// nil: a share of the output's size, since the error of a sum of large numbers that nearly cancel is theirs.
  var absolute: Double?

  init(_ options: CommandLineOptions) throws(UsageError) {
    relative = options.string("--rtol") == nil ? nil : try options.double("--rtol", default: 0, in: 0...1e9)
    absolute = options.string("--atol") == nil ? nil : try options.double("--atol", default: 0, in: 0...1e9)
  }

  /// What holds for one output.
  func applied(to expected: Tensor, _ values: [Double]) -> (relative: Double, absolute: Double) {
    let relative =
      self.relative
      ?? {
        switch expected.type {
        case .float16: 0.01
        case .bfloat16: 0.05
        default: 0.001
        }
      }()
    if let absolute { return (relative, absolute) }
    let finite = values.filter { $0.isFinite }
    let largest = finite.reduce(0) { max($0, $1.magnitude) }
    guard largest > 0 else { return (relative, 1e-7) }
    // Divided first: squares of large numbers would overflow.
    let squares = finite.reduce(0) { $0 + ($1 / largest) * ($1 / largest) }
    let size = largest * (squares / Double(finite.count)).squareRoot()
    return (relative, max(1e-7, 0.1 * relative * size))
  }
}

/// The comparison of one output with its expected value, as in numpy.testing.assert_allclose: NaN equals NaN, an
/// infinity equals itself. Integers and bools must be equal.
struct Comparison {
  let agrees: Bool
  /// The result in one line.
  let text: String
  /// Largest errors; nil if there are none to compare.
  private(set) var largest: (absolute: Double, relative: Double)?
  /// nil for what are no scores of classes.
  private(set) var classes: ClassAgreement?

  init(_ found: Tensor, _ expected: Tensor, _ tolerance: Tolerance) {
    let what = "\(found.type.name) \(found.shape)"
    guard found.type == expected.type, found.shape == expected.shape else {
      agrees = false
      text = "MISMATCH: \(what) where \(expected.type.name) \(expected.shape) was expected"
      return
    }
    let summary: Summary
    var allowed = ""
    if let integers = found.ints, let wanted = expected.ints {
      summary = Comparison.exact(integers, wanted)
    } else {
      let wanted = expected.doubles
      let (relative, absolute) = tolerance.applied(to: expected, wanted)
      summary = Comparison.floats(found.doubles, wanted, relative: relative, absolute: absolute)
      allowed = "; allowed \(Comparison.brief(absolute)) + \(NumberText.shortest(relative)) of the expected"
    }
    agrees = summary.different == 0
    largest = (summary.absolute, summary.relative)
    classes = ClassAgreement(found, expected)
    var text = "\(what): largest error \(summary.largest)"
    if !agrees {
      text = "MISMATCH: \(text); \(summary.different) of \(found.count) elements differ, the first "
      text += "at \(Comparison.position(summary.first, found.shape)): \(summary.example)\(allowed)"
    }
    if let classes { text += classes.text }
    self.text = text
  }

  /// An object for `--json`, of an output of a case.
  func json(case folder: String, output: String) -> String {
    var text = "{\"case\": \(JSONText.quoted(folder)), \"output\": \(JSONText.quoted(output)), \"agrees\": \(agrees)"
    if let largest {
      text += ", \"largest_absolute\": \(Self.number(largest.absolute))"
      text += ", \"largest_relative\": \(Self.number(largest.relative))"
    }
    if let classes { text += ", \"rows\": \(classes.rows), \"same_class\": \(classes.same)" }
    return text + ", \"message\": \(JSONText.quoted(self.text))}"
  }

  private static func number(_ value: Double) -> String { value.isFinite ? NumberText.shortest(value) : "null" }

  private struct Summary {
    var different = 0
    var first = 0
    /// `0.5 instead of 0.25`
    var example = ""
    /// `1e-07 absolute, 2e-06 relative`
    var largest = ""
    var absolute = 0.0
    var relative = 0.0
  }

  private static func floats(
    _ found: [Double], _ expected: [Double], relative most: Double, absolute least: Double
  ) -> Summary {
    var summary = Summary()
    var absolute = 0.0
    var relative = 0.0
    for (index, (a, b)) in zip(found, expected).enumerated() {
      if a == b || (a.isNaN && b.isNaN) { continue }
      let error = (a - b).magnitude
      let isFinite = a.isFinite && b.isFinite
      if isFinite {
        absolute = max(absolute, error)
        if b != 0 { relative = max(relative, error / b.magnitude) }
      }
      if isFinite, error <= least + most * b.magnitude { continue }
      if summary.different == 0 {
        summary.first = index
        summary.example = "\(NumberText.shortest(a)) instead of \(NumberText.shortest(b))"
      }
      summary.different += 1
    }
    (summary.absolute, summary.relative) = (absolute, relative)
    summary.largest = "\(brief(absolute)) absolute, \(brief(relative)) relative"
    return summary
  }

  private static func exact(_ found: [Int], _ expected: [Int]) -> Summary {
    var summary = Summary()
    var largest: UInt = 0
    for (index, (a, b)) in zip(found, expected).enumerated() where a != b {
      // Wrapping subtraction: the distance of two Ints always fits a UInt.
      largest = max(largest, a > b ? UInt(bitPattern: a &- b) : UInt(bitPattern: b &- a))
      if summary.different == 0 {
        summary.first = index
        summary.example = "\(a) instead of \(b)"
      }
      summary.different += 1
    }
    summary.absolute = Double(largest)
    summary.largest = "\(largest)"
    return summary
  }

  /// Three digits are enough for an error: `1.25e-07`.
  static func brief(_ value: Double) -> String {
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
