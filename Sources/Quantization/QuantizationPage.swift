import Foundation
import ModelGraph

extension QuantizationReport {
  /// One file that any browser shows, with nothing to fetch.
  public var page: String {
    var page = """
      <!doctype html>
      <html lang="en"><meta charset="utf-8"><title>\(Self.escaped(title))</title>
      <meta name="viewport" content="width=device-width">
      <style>
      body { font: 15px/1.45 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
      h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem }
      table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px }
      th, td { padding: .15rem .6rem; text-align: right; border-bottom: 1px solid #e4e4e4; white-space: nowrap }
      th { text-align: right; color: #666; font-weight: 600 }
      .l { text-align: left } tr.chosen { background: #eef6ee; font-weight: 600 }
      figure { display: inline-block; margin: .5rem; width: 13rem; vertical-align: top; font-size: 12px }
      figure img { width: 8rem; height: 8rem; object-fit: contain; background: #111; image-rendering: pixelated }
      figcaption { overflow-wrap: anywhere } svg text { font: 11px system-ui, sans-serif; fill: #444 }
      </style>
      <h1>\(Self.escaped(title))</h1>

      """
    page += "<table>\n"
    for (name, value) in summary {
      page += "<tr><th class=l>\(name)</th><td class=l>\(Self.escaped(value))</td></tr>\n"
    }
    page += "</table>\n<h2>What was tried</h2>\n<p>Ranges were fitted on other pictures than these "
    page += "\(result.trials.first?.pictures ?? 0); dB: power of the float model's scores against that of the error."
    page += "</p>\n"
    page += Self.table(trialTable, left: [0, 1, 2, 3, 4, 8], chosen: result.trials.firstIndex { $0.isChosen })
    for line in exceptions { page += "<p>\(Self.escaped(line)).</p>\n" }
    page += "<h2>Signal to noise, layer by layer</h2>\n"
    page += "<p>Dark: of each value in the quantised network, with all errors before it; light: of rounding this value "
    page += "alone. A lone bar that is short is a layer to look at.</p>\n"
    page += bars + Self.table(layerTable, left: [0, 1, 4], chosen: nil)
    page += "<h2>Pictures on which they differ (\(comparison.differences.count))</h2>\n"
    if comparison.differences.isEmpty { page += "<p>None.</p>\n" }
    for difference in comparison.differences.prefix(200) {
      page += "<figure>"
      if !difference.picture.isEmpty {
        let data = Data(difference.picture).base64EncodedString()
        page += "<img alt=\"\" src=\"data:image/png;base64,\(data)\">"
      }
      page += "<figcaption>\(Self.escaped(difference.actual))<br>float: \(Self.escaped(Self.answer(difference.float)))"
      page += "<br>int8: \(Self.escaped(Self.answer(difference.quantised)))"
      page += "<br>\(Self.escaped(difference.path))</figcaption></figure>\n"
    }
    return page + "</html>\n"
  }

  private var bars: String {
    let (row, left, width, most) = (16, 190, 480, 60.0)
    func length(_ decibels: Double) -> Int { Int(max(0, min(decibels, most)) / most * Double(width)) }
    let height = result.layers.count * row + 22
    var svg = "<svg width=\"\(left + width + 60)\" height=\"\(height)\" role=\"img\">\n"
    for mark in stride(from: 0, through: 60, by: 20) {
      let x = left + length(Double(mark))
      svg += "<line x1=\"\(x)\" x2=\"\(x)\" y1=\"0\" y2=\"\(height - 18)\" stroke=\"#ddd\"/>"
      svg += "<text x=\"\(x)\" y=\"\(height - 5)\" text-anchor=\"middle\">\(mark) dB</text>\n"
    }
    for (index, layer) in result.layers.enumerated() {
      let y = index * row
      svg += "<text x=\"\(left - 8)\" y=\"\(y + 12)\" text-anchor=\"end\">\(Self.escaped(layer.name))</text>"
      svg += "<rect x=\"\(left)\" y=\"\(y + 2)\" width=\"\(length(layer.rounding))\" height=\"12\" fill=\"#c9d8ee\"/>"
      svg += "<rect x=\"\(left)\" y=\"\(y + 5)\" width=\"\(length(layer.whole))\" height=\"6\" fill=\"#2a5ea8\"/>\n"
    }
    return svg + "</svg>\n"
  }

  private static func table(_ rows: [[String]], left: Set<Int>, chosen: Int?) -> String {
    var html = "<table>\n"
    for (index, row) in rows.enumerated() {
      let tag = index == 0 ? "th" : "td"
      html += chosen.map { $0 + 1 } == index ? "<tr class=chosen>" : "<tr>"
      for (column, cell) in row.enumerated() {
        html += "<\(tag)\(left.contains(column) ? " class=l" : "")>\(escaped(cell))</\(tag)>"
      }
      html += "</tr>\n"
    }
    return html + "</table>\n"
  }

  static func escaped(_ text: String) -> String {
    var escaped = ""
    for character in text {
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      default: escaped.append(character)
      }
    }
    return escaped
  }
}
