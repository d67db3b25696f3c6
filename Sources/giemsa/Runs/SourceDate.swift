import Foundation

/// The date that output carries: that of `SOURCE_DATE_EPOCH` (https://reproducible-builds.org/specs/source-date-epoch) if
/// it is set.
enum SourceDate {
  private static var given: Date? {
    ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"].flatMap { Double($0) }.map {
      Date(timeIntervalSince1970: $0)
    }
  }

  /// A day in UTC, `2026-11-29`; nil unless `SOURCE_DATE_EPOCH` is set.
  static var day: String? { given.map { day(of: $0) } }

  /// `2026-11-29T22:30:00Z`; nil unless `SOURCE_DATE_EPOCH` is set.
  static var time: String? { given.map { ISO8601DateFormatter().string(from: $0) } }

  /// ``day``, or today's.
  static var today: String { day ?? day(of: Date()) }

  private static func day(of date: Date) -> String {
    let formatter = ISO8601DateFormatter()
    formatter.formatOptions = [.withFullDate]
    return formatter.string(from: date)
  }
}
