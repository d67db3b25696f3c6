/// Absorbance of each 8-bit value in a field of even light: log₂(``ReducedField/light`` / value) in units of 1/64,
/// 0 for values brighter than the background.
enum Absorbance {
  static let table: [Int32] = {
    var table = [Int32](repeating: 0, count: 256)
    for value in 0..<ReducedField.light { table[value] = logarithm(Double(ReducedField.light) / Double(max(value, 1))) }
    return table
  }()

  /// By repeated squaring, which gives the same bits on every machine. `value` is at least 1.
  private static func logarithm(_ value: Double) -> Int32 {
    var (value, result) = (value, Int32(0))
    while value >= 2 {
      value /= 2
      result += 1
    }
    for _ in 0..<6 {
      value *= value
      result *= 2
      if value >= 2 {
        value /= 2
        result += 1
      }
    }
    return result
  }
}
