import Giemsa
import Text

/// The option that limits a model's memory, common to all commands that read one.
enum LimitRules {
  static let all = [
    OptionRule(
      name: "--max-memory", value: "SIZE",
      help: "memory limit beyond the weights, per picture of a batch; default 512M (units K, M, G, T)")
  ]

  static func read(_ options: CommandLineOptions) throws(UsageError) -> Limits {
    var limits = Limits.standard
    guard let text = options.string("--max-memory") else { return limits }
    guard let bytes = bytes(text) else {
      throw UsageError(message: "--max-memory '\(text)' must be a size from 1M on: 800M, 2G")
    }
    limits.memoryBytes = bytes
    return limits
  }

  /// `2G`, `800M`, `1073741824`.
  private static func bytes(_ text: String) -> Int? {
    var digits = Array(text.utf8)
    let units: [(UInt8, Int)] = [(0x4B, 10), (0x4D, 20), (0x47, 30), (0x54, 40)]  // K, M, G, T
    var shift = 0
    if let last = digits.last, let unit = units.first(where: { $0.0 == last || $0.0 | 0x20 == last }) {
      shift = unit.1
      digits.removeLast()
    }
    guard digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = Int(String(decoding: digits, as: UTF8.self))
    else {
      return nil
    }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
    return overflow || bytes < 1 << 20 ? nil : bytes
  }
}
