import Giemsa
import Text

/// The file of `--report`. It grows field by field, and appears under its name when complete.
final class ReportFile {
  /// Bytes of pictures and outlines on a page, which a telephone must be able to open. Further fields have none, but enter
  /// the numbers.
  static let room = 64 << 20

  private let path: String
  private let page: ReportPage
  private let file: OutputFile
  private var drawn = 0
  private var used = 0
  private var isFull = false
  private var fieldCount = 0

  init(_ path: String, _ page: ReportPage) throws(UsageError) {
    (self.path, self.page) = (path, page)
    file = try OutputFile(path)
    file.write(page.head)
  }

  /// - Parameter svg: empty if the field was counted by an earlier run.
  func add(_ path: String, _ counts: FieldCounts, slide: Int, svg: [UInt8]) {
    if Version.isForSomeModels { return }
    if file.isBroken { return }
    if used + svg.count > ReportFile.room { isFull = true }
    let isDrawn = !svg.isEmpty && !isFull
    let reason = svg.isEmpty ? "counted by an earlier run: no picture" : isFull ? "no picture: the page is full" : nil
    file.write(page.field(path, counts, slide: slide, number: fieldCount, svg: isDrawn ? svg : [], note: reason))
    fieldCount += 1
    if isDrawn { (drawn, used) = (drawn + 1, used + svg.count) }
  }

  /// What a person should know of the page.
  var note: String? {
    guard isFull else { return nil }
    let (some, all) = (Quantity.grouped(drawn), Quantity.grouped(fieldCount))
    return "note: \(path) has the pictures of \(some) of \(all) fields, which fill it; all enter its numbers. To see "
      + "each field, make a page for each slide"
  }

  func finish(_ slides: [SlideTally], _ rules: ResultRules) throws(UsageError) {
    if Version.isForSomeModels { return }
    file.write(page.slides(slides, rules))
    try file.finish()
  }
}
