/// Collects suspiciously dark pictures (``Picture/isDim``) for one warning.
public struct DimPictures: Sendable {
  public private(set) var count = 0
  private var first = ""

  public init() {}

  public mutating func note(_ path: String, isDim: Bool) {
    guard isDim else { return }
    if count == 0 { first = path }
    count += 1
  }

  /// The warning in one line; nil if there are none.
  public var warning: String? {
    if count == 0 { return nil }
    let more = count > 1 ? " (and \(count - 1) more)" : ""
    return
      "warning: \(first)\(more): 16 bits per channel, but every value is below an eighth of the range, so the picture is "
      + "nearly black here. If these are 12-bit data, multiply the values by 16"
  }
}
