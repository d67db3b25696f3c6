import Crypto
import Foundation
import ModelGraph
import Statistics
import Text

/// HTML building blocks of the lab's pages.
public enum HTML {
  /// JSON as the content of a script element, which ends at the first `</script` whatever it is within.
  static func scriptData(_ json: String) -> String {
    var data = ""
    for scalar in json.unicodeScalars {
      if scalar == "<" { data += "\\u003c" } else { data.unicodeScalars.append(scalar) }
    }
    return data
  }

  /// `97.09 %` with a non-breaking space; a dash for NaN.
  public static func percent(_ share: Double?, _ digits: Int = 2) -> String {
    guard let share, share.isFinite else { return "–" }
    return "\(NumberText.fixed(share * 100, digits))\u{A0}%"
  }

  /// `95.97–97.90`.
  static func interval(_ interval: WilsonInterval) -> String {
    "\(NumberText.fixed(interval.low * 100, 2))–\(NumberText.fixed(interval.high * 100, 2))"
  }

  /// The intervals of a proportion; dashes if the sample is empty.
  static func byCell(_ share: ClusteredShare) -> String { share.count == 0 ? "–" : interval(share.byCell) }
  static func bySlide(_ share: ClusteredShare) -> String { share.count == 0 ? "–" : interval(share.bySlide) }

  public struct Column {
    public var name: String
    /// Text is left-aligned, numbers are right-aligned.
    public var isText: Bool

    public static func text(_ name: String) -> Column { Column(name: name, isText: true) }
    public static func number(_ name: String) -> Column { Column(name: name, isText: false) }
  }

  /// A table in a box that scrolls if the page is too narrow. The first column is the row header.
  ///
  /// - Parameters:
  ///   - caption: the table's caption, which screen readers announce.
  ///   - rows: plain text, one cell per column.
  ///   - chosen: index of a highlighted row.
  ///   - attributes: HTML attributes of the table, such as `data-sortable`.
  public static func table(
    _ caption: String, _ columns: [Column], _ rows: [[String]], chosen: Int? = nil, attributes: String = ""
  ) -> String {
    var html = "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"\(HTMLText.escaped(caption))\">"
    html +=
      "<table\(attributes.isEmpty ? "" : " " + attributes)>\n<caption>\(HTMLText.escaped(caption))</caption>\n<thead><tr>"
    for column in columns { html += "<th scope=\"col\"\(side(column))>\(HTMLText.escaped(column.name))</th>" }
    html += "</tr></thead>\n<tbody>\n"
    for (index, row) in rows.enumerated() {
      html += index == chosen ? "<tr class=\"chosen\">" : "<tr>"
      for (place, (cell, column)) in zip(row, columns).enumerated() {
        let text = HTMLText.escaped(cell)
        html += place == 0 ? "<th scope=\"row\"\(side(column))>\(text)</th>" : "<td\(side(column))>\(text)</td>"
      }
      html += "</tr>\n"
    }
    return html + "</tbody></table></div>\n"
  }

  private static func side(_ column: Column) -> String { column.isText ? " class=\"l\"" : "" }

  /// Pairs of name and value, one per line.
  public static func facts(_ pairs: [(name: String, value: String)]) -> String {
    var html = "<dl class=\"facts\">\n"
    for (name, value) in pairs { html += "<dt>\(HTMLText.escaped(name))</dt><dd>\(HTMLText.escaped(value))</dd>\n" }
    return html + "</dl>\n"
  }
}

/// A self-contained HTML page that loads nothing from elsewhere.
public struct HTMLPage {
  public let title: String
  private var sections: [(id: String, heading: String)] = []
  private var main = ""
  /// HTML below the title, before the list of sections.
  public var lead = ""
  /// JavaScript; the page must be usable without it.
  public var script = ""

  public init(title: String) { self.title = title }

  /// - Parameter html: the section's content, below its heading.
  public mutating func add(_ id: String, _ heading: String, _ html: String) {
    sections.append((id, heading))
    main += "<section id=\"\(id)\" aria-labelledby=\"\(id)-h\">\n<h2 id=\"\(id)-h\">\(HTMLText.escaped(heading))</h2>\n"
    main += html + "</section>\n"
  }

  /// The hash of a script or style as named in the content security policy.
  /// https://www.w3.org/TR/CSP3/#grammardef-hash-source
  private static func source(_ text: String) -> String {
    "'sha256-\(Data(SHA256.hash(data: Data(text.utf8))).base64EncodedString())'"
  }

  public var text: String {
    let (style, code) = ("\n\(HTMLFrame.style)\(PageStyle.text)", script.isEmpty ? "" : "\n\(script)")
    var page = HTMLFrame.head(
      title: title, style: style,
      .init(images: "data:", style: Self.source(style), script: code.isEmpty ? "'none'" : Self.source(code)))
    page += "<header>\n<h1>\(HTMLText.escaped(title))</h1>\n\(lead)</header>\n"
    if sections.count > 2 {
      page += "<nav aria-label=\"Sections\"><ul>\n"
      for section in sections {
        page += "<li><a href=\"#\(section.id)\">\(HTMLText.escaped(section.heading))</a></li>\n"
      }
      page += "</ul></nav>\n"
    }
    page += "<main>\n\(main)</main>\n"
    page += HTMLFrame.footer
    if !code.isEmpty { page += "<script>\(code)</script>\n" }
    return page + "</body>\n</html>\n"
  }
}
