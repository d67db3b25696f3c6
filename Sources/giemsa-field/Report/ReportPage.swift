import Giemsa
import Statistics
import Text

/// The text of the page of `--report`: fields as they are counted, then the slides. Its script sorts the fields into their
/// slides, and the style sheet shows the slides first where scripts are off.
struct ReportPage {
  /// Hashes of style sheet and script, which alone may act on the page. tools/check_count_report.py compares them.
  static let styleHash = "pcbI+cR0ISEWXJWZb/8PVvc/ncGCY54gLAWemAVyCBc="
  static let scriptHash = "QrZIFsgNswn0rhF4qyaVlhlsCMKlsl/TBo4/6F3CC9Q="

  let stamp: CountStamp
  /// The classifier's, if results are corrected by them.
  let rates: (sensitivity: ObservedRate, specificity: ObservedRate)?
  let redCellsPerMicrolitre: Double

  /// What comes before the fields.
  var head: String {
    let sources = HTMLFrame.Sources(
      images: "data:", style: "'sha256-\(ReportPage.styleHash)'", script: "'sha256-\(ReportPage.scriptHash)'")
    return HTMLFrame.head(title: "Parasitaemia", style: HTMLFrame.style + ReportStyle.text, sources) + """
      <h1>Parasitaemia</h1>
      <p class="soft">Counted by giemsa-field \(Version.number) with \(HTMLText.escaped(stamp.model)). A red cell counts as infected
      \(stamp.threshold.map { "from a probability of \($0) on" } ?? "if that is its likeliest class").</p>
      \(help)
      <ul class="key">\(key)</ul>
      <label><input type="checkbox" id="plain" checked> show outlines</label>
      \(correction)<main>

      """
  }

  private var help: String {
    """
    <p class="how">Cells that the model calls infected come first; a dashed frame marks the next ones, which do not count. Click a
    cell, here or in a field, to strike it out or to count it: the numbers follow. The page remembers nothing, so save
    the result.</p>
    <p class="soft how">Keys: arrows choose a cell, space changes it, <kbd>x</kbd> strikes it out, <kbd>+</kbd> counts it,
    <kbd>f</kbd> shows it in its field. In a field arrows go from cell to cell too.</p>
    """
  }

  private var key: String {
    let kinds = [
      ("i", "infected"), ("r", "red cell"), ("o", "does not count: at the border"), ("w", "white cell"),
      ("p", "platelet"), ("x", "no cell"),
    ]
    var text = ""
    for (letter, words) in kinds {
      let line = "<svg viewBox=\"0 0 32 14\" aria-hidden=\"true\"><path class=\"\(letter)\" d=\"M3 7h26\"/></svg>"
      text += "<li>\(line)\(words)</li>"
    }
    return text
  }

  private var correction: String {
    guard let rates else { return "" }
    func percent(_ rate: ObservedRate) -> String {
      NumberText.fixed(100 * Double(rate.hits) / Double(max(rate.count, 1)), 1) + " %"
    }
    return """
      <label><input type="checkbox" id="rates" checked> correct for the model's errors (sensitivity \
      \(percent(rates.sensitivity)), specificity \(percent(rates.specificity))). Switch it off once you have checked
      the cells yourself</label>

      """
  }

  /// - Parameters:
  ///   - svg: of ``ReportFigure``; empty for a field that enters the numbers only.
  ///   - note: why it is empty.
  func field(_ path: String, _ counts: FieldCounts, slide: Int, number: Int, svg: [UInt8], note: String?) -> [UInt8] {
    let numbers = "\(counts.redCells) \(counts.infected) \(counts.whiteCells) \(counts.platelets)"
    let name = HTMLText.escaped(path)
    var html = Array(
      """
      <figure id="f\(number)" data-slide="\(slide)" data-n="\(numbers)" data-csv="\(HTMLText.escaped(CSVText.cell(path)))"\
      >
      """.utf8)
    let told = "\(counted(counts.redCells, "red cell")), \(counts.infected) infected"
    html += Array("<figcaption>\(name): \(told)\(note.map { " (\($0))" } ?? "")</figcaption>\n".utf8)
    return html + svg + Array("</figure>\n".utf8)
  }

  /// What comes behind the fields.
  func slides(_ slides: [SlideTally], _ rules: ResultRules) -> String {
    var html = ""
    for (index, slide) in slides.enumerated() where slide.fieldCount > 0 {
      html += section(slide, slide.result(rules), index)
    }
    return html + "</main>\n\(HTMLFrame.footer)<script type=\"application/json\" id=\"data\">\(data)</script>\n<script>"
      + "\(ReportScript.text)</script>\n</body>\n</html>\n"
  }

  private func section(_ slide: SlideTally, _ result: SlideResult, _ index: Int) -> String {
    let (share, each) = (CountTable.percents(result), CountTable.parasites(result))
    func tile(_ name: String, _ number: String, _ classes: (String, String), _ detail: String) -> String {
      "<div><dt>\(name)</dt><dd class=\"\(classes.0)\">\(number)</dd><dd class=\"\(classes.1)\">\(detail)</dd></div>\n"
    }
    func plain(_ name: String, _ number: Int) -> String { tile(name, Quantity.grouped(number), ("", ""), "") }
    let counts = result.counts
    let name = HTMLText.escaped(slide.name)
    let tiles =
      tile(
        "Parasitaemia", share.map { $0.share + " %" } ?? "–", ("share", "range"),
        share.map { "\($0.low) – \($0.high) %" } ?? "")
      + tile("Parasites/µL", each?.share ?? "–", ("each", "each-range"), each.map { "\($0.low) – \($0.high)" } ?? "")
      + tile("Infected", Quantity.grouped(counts.infected), ("infected", "hand"), "")
      + plain("Red cells", counts.redCells) + plain("White cells", counts.whiteCells)
      + plain("Fields", slide.fieldCount)
    let head =
      "<section class=\"slide\" id=\"s\(index)\" data-csv=\"\(HTMLText.escaped(CSVText.cell(slide.name)))\"><h2>\(name)</h2>\n"
    return head
      + "<dl class=\"tiles\">\n\(tiles)</dl>\n<p class=\"meaning\">\(CountTable.meaning(result) ?? "")</p></section>\n"
  }

  /// What the script computes with.
  private var data: String {
    func pair(_ rate: ObservedRate) -> String { "[\(rate.hits), \(rate.count)]" }
    let rates = rates.map { "[\(pair($0.sensitivity)), \(pair($0.specificity))]" } ?? "null"
    return "{\"rates\": \(rates), \"perMicrolitre\": \(NumberText.shortest(redCellsPerMicrolitre))}"
  }
}
