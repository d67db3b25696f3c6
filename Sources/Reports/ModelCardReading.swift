import Statistics
import Text

// What a card says, taken from its text: a model's file holds nothing but the text.
extension ModelCard {
  /// A proportion of the validation pictures.
  public struct Rate: Sendable, Equatable {
    public struct Interval: Sendable, Equatable {
      public let low: Double
      public let high: Double
    }

    public let name: String
    public let hits: Int
    public let count: Int
    /// Of 95 %, 0...1; nil if it is unknown.
    public let byCell: Interval?
    public let bySlide: Interval?

    init(_ name: String, hits: Int, count: Int, byCell: Interval?, bySlide: Interval?) {
      (self.name, self.hits, self.count, self.byCell, self.bySlide) = (name, hits, count, byCell, bySlide)
    }

    /// - Parameter count: at least `hits`.
    public init(_ name: String, hits: Int, count: Int) {
      let wilson = WilsonInterval(share: Double(hits) / Double(max(count, 1)), count: Double(count))
      self.init(
        name, hits: hits, count: count, byCell: Interval(low: wilson.low, high: wilson.high), bySlide: nil)
    }

    public var share: Double { Double(hits) / Double(max(count, 1)) }

    /// `381 of 415, 91.81 % (88.77–94.08 by cell)`
    public var words: String {
      func percent(_ share: Double) -> String { NumberText.fixed(share * 100, 2) }
      let interval = byCell.map { " (\(percent($0.low))–\(percent($0.high)) by cell)" } ?? ""
      return "\(hits) of \(count), \(percent(share)) %\(interval)"
    }
  }

  static let rateColumns = ["rate", "cells", "value", "95 % by cell", "95 % by slide"]
  static let dataHashSentence = "SHA-256 of the pictures' hashes and classes: `"
  static let limitsHeading = "## Use and limits"

  /// The card's table of rates; rows that are not as we write them are left out.
  public static func rates(in text: String) -> [Rate] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let header = lines.firstIndex(where: { cells(String($0)) == rateColumns }) else { return [] }
    return lines.dropFirst(header + 2).prefix { $0.hasPrefix("| ") }.compactMap { line in
      let row = cells(String(line))
      guard row.count == rateColumns.count else { return nil }
      let numbers = row[1].split(separator: " ")
      guard numbers.count == 3, numbers[1] == "of", let hits = Int(numbers[0]), let count = Int(numbers[2]),
        hits >= 0, hits <= count
      else { return nil }
      return Rate(row[0], hits: hits, count: count, byCell: interval(row[3]), bySlide: interval(row[4]))
    }
  }

  /// SHA-256 of the pictures' hashes and classes, in hexadecimal.
  public static func dataHash(in text: String) -> String? {
    for line in text.split(separator: "\n") where line.hasPrefix(dataHashSentence) {
      let digits = line.dropFirst(dataHashSentence.count).prefix { $0 != "`" }
      if digits.utf8.count == 64, digits.utf8.allSatisfy({ isHexadecimal($0) }) { return String(digits) }
    }
    return nil
  }

  /// The sentences under the card's last heading.
  public static func limits(in text: String) -> [String] {
    let lines = text.split(separator: "\n")
    guard let heading = lines.firstIndex(where: { $0 == limitsHeading }) else { return [] }
    return lines.dropFirst(heading + 1).prefix { $0.hasPrefix("- ") }.map { unescaped(String($0.dropFirst(2))) }
  }

  /// A card from a file: what controls a terminal is made printable, and nothing in it is HTML, as in those we write.
  public static func printable(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      String(line).printable.split(separator: "<", omittingEmptySubsequences: false).joined(separator: "&lt;")
    }.joined(separator: "\n")
  }

  /// The same text with another date, or without one.
  public static func dated(_ text: String, _ date: String?) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
    guard lines.count > 2, lines[2].hasPrefix("Giemsa ") else { return text }
    let version = lines[2].split(separator: ",")[0]
    lines[2] = date.map { "\(version), \($0)" } ?? String(version)
    return lines.joined(separator: "\n")
  }

  /// The cells of a table's row; empty for another line.
  private static func cells(_ line: String) -> [String] {
    guard line.hasPrefix("| "), line.hasSuffix(" |"), line.utf8.count > 4 else { return [] }
    var cells: [String] = [""]
    var isEscaped = false
    for scalar in line.dropFirst(2).dropLast(2).unicodeScalars {
      if scalar == "|", !isEscaped {
        cells.append("")
      } else {
        cells[cells.count - 1].unicodeScalars.append(scalar)
      }
      isEscaped = scalar == "\\" && !isEscaped
    }
    for index in cells.indices {
      if index > 0, cells[index].hasPrefix(" ") { cells[index].removeFirst() }
      if index < cells.count - 1, cells[index].hasSuffix(" ") { cells[index].removeLast() }
      cells[index] = unescaped(cells[index])
    }
    return cells
  }

  /// What ``plain(_:)`` was given, but for line ends and control characters.
  private static func unescaped(_ text: String) -> String {
    var plain = String.UnicodeScalarView()
    var isEscaped = false
    for scalar in text.unicodeScalars {
      if scalar == "\\", !isEscaped {
        isEscaped = true
      } else {
        plain.append(scalar)
        isEscaped = false
      }
    }
    var result = String(plain)
    for (code, character) in [("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")] {
      result = result.split(separator: code, omittingEmptySubsequences: false).joined(separator: character)
    }
    return result
  }

  /// `81.57–100.00`, in percent.
  private static func interval(_ text: String) -> Rate.Interval? {
    let ends = text.split(separator: "–").compactMap { Double($0) }
    guard ends.count == 2, ends[0] >= 0, ends[0] <= ends[1], ends[1] <= 100 else { return nil }
    return Rate.Interval(low: ends[0] / 100, high: ends[1] / 100)
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
  }
}
