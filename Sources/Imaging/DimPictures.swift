/// The pictures of a run that are darker than they should be (``Picture/isDim``), for one warning about all of them.
public struct DimPictures: Sendable {
  public private(set) var count = 0
  private var first = ""

  public init() {}

  public mutating func note(_ path: String, isDim: Bool) {
    guard isDim else { return }
    if count == 0 { first = path }
    count += 1
  }

  /// One line; nil where there is none.
  public var warning: String? {
    if count == 0 { return nil }
    let more = count > 1 ? " (and \(count - 1) more)" : ""
    return
      "warning: \(first)\(more): 16 bits a colour, but every value is under an eighth of their range, so the picture is "
      + "nearly black here. Data of 12 bits? Multiply the values by 16"
  }
}
