/// The ten digits as 3 × 5 dots, a row in three bits, from top to bottom.
enum Digits {
  static let width = 3
  static let height = 5

  /// Whether the dot in this row and column of a digit, 0 to 9, is set.
  static func isSet(_ digit: Int, row: Int, column: Int) -> Bool {
    rows[digit * height + row] & (4 >> UInt8(column)) != 0
  }

  private static let rows: [UInt8] = [
    7, 5, 5, 5, 7, 2, 6, 2, 2, 7, 7, 1, 7, 4, 7, 7, 1, 3, 1, 7, 5, 5, 7, 1, 1,
    7, 4, 7, 1, 7, 7, 4, 7, 5, 7, 7, 1, 2, 2, 2, 7, 5, 7, 5, 7, 7, 5, 7, 1, 7,
  ]
}
