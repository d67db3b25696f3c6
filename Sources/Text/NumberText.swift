import Platform

/// Formats and parses numbers without Foundation.
public enum NumberText {
  /// `digits` decimals: `fixed(3.14159, 2)` is `3.14`.
  public static func fixed(_ value: Double, _ digits: Int) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 352) { buffer in
      guard let base = buffer.baseAddress else { return "" }
      let count = platform_format_fixed(base, 352, value, Int32(digits))
      return text(base, count)
    }
  }

  /// The fewest digits that parse to the same number: `0.1`, `1e-05`.
  public static func shortest(_ value: Double) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
      guard let base = buffer.baseAddress else { return "" }
      let count = platform_format_shortest(base, 64, value)
      return text(base, count)
    }
  }

  /// Parses the whole text as a number; nil if it is not one.
  public static func parse(_ text: String) -> Double? {
    var value = 0.0
    let status = text.withCString { platform_parse_double($0, &value) }
    return status == 0 ? value : nil
  }

  private static func text(_ base: UnsafePointer<CChar>, _ count: Int) -> String {
    String(decoding: UnsafeRawBufferPointer(start: base, count: count), as: UTF8.self)
  }
}
