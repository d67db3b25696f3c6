import Foundation
import ModelGraph
import Reports
import Text

extension QuantizationReport {
  /// The report as a self-contained HTML page.
  public var page: String {
    var page = HTMLPage(title: title)
    page.lead = HTML.facts(summary) + "<p>\(HTMLText.escaped(positive)).</p>\n"
    var tried =
      "<p>Ranges were fitted on other pictures than these \(result.trials.first?.pictures ?? 0). dB: signal-to-noise "
    tried += "ratio of the scores.</p>\n"
    tried += HTML.table(
      "Methods of choosing ranges", Self.columns(trialTable, text: [0, 1, 2, 3, 4, 8]), Array(trialTable.dropFirst()),
      chosen: result.trials.firstIndex { $0.isChosen })
    for line in exceptions { tried += "<p>\(HTMLText.escaped(line)).</p>\n" }
    page.add("tried", "Methods tried", tried)
    var layers =
      "<p>Dark: each value in the quantised network, including the errors of earlier layers; light: rounding this "
    layers += "value alone. A single short bar points to a problematic layer.</p>\n" + bars
    layers += HTML.table(
      "Layers", Self.columns(layerTable, text: [0, 1, 4]), Array(layerTable.dropFirst()))
    page.add("layers", "Signal-to-noise ratio by layer", layers)
    page.add("differences", "Pictures on which the models differ (\(comparison.differences.count))", differences)
    return page.text
  }

  private static func columns(_ table: [[String]], text: Set<Int>) -> [HTML.Column] {
    (table.first ?? []).enumerated().map { text.contains($0) ? .text($1) : .number($1) }
  }

  private var differences: String {
    guard !comparison.differences.isEmpty else { return "<p>None.</p>\n" }
    var html = "<ul class=\"cells\">\n"
    for difference in comparison.differences.prefix(200) {
      html += "<li class=\"cell\">"
      if !difference.picture.isEmpty {
        let data = Data(difference.picture).base64EncodedString()
        html += "<div class=\"frame\"><img alt=\"Cell: \(HTMLText.escaped(difference.actual))\" "
        html += "src=\"data:image/png;base64,\(data)\"></div>"
      }
      html += "<p>actual <strong>\(HTMLText.escaped(difference.actual))</strong><br>float: "
      html += "\(HTMLText.escaped(Self.answer(difference.float)))<br>int8: "
      html += "\(HTMLText.escaped(Self.answer(difference.quantised)))</p>"
      html += "<p class=\"name\">\(HTMLText.escaped(PathText.lastComponent(difference.path)))</p></li>\n"
    }
    return html + "</ul>\n"
  }

  private var bars: String {
    let (row, left, width, most) = (18, 300, 400, 60.0)
    func length(_ decibels: Double) -> Int { Int(max(0, min(decibels, most)) / most * Double(width)) }
    let height = result.layers.count * row + 24
    var svg = "<svg viewBox=\"0 0 \(left + width + 40) \(height)\" class=\"wide\" role=\"img\" "
    svg += "aria-labelledby=\"bars-t bars-d\">\n<title id=\"bars-t\">Signal-to-noise ratio of each layer</title>"
    svg += "<desc id=\"bars-d\">In decibels; the table below has the numbers.</desc>\n"
    for mark in stride(from: 0, through: 60, by: 20) {
      let x = left + length(Double(mark))
      svg += "<line x1=\"\(x)\" x2=\"\(x)\" y1=\"0\" y2=\"\(height - 20)\" class=\"grid\"/>"
      svg += "<text x=\"\(x)\" y=\"\(height - 5)\" text-anchor=\"middle\">\(mark) dB</text>\n"
    }
    for (index, layer) in result.layers.enumerated() {
      let y = index * row
      // The end of a name that is too long, since that distinguishes layers.
      let name = layer.name.count > 44 ? "…" + layer.name.suffix(43) : layer.name
      svg += "<text x=\"\(left - 8)\" y=\"\(y + 13)\" text-anchor=\"end\">\(HTMLText.escaped(name))</text>"
      svg += "<rect x=\"\(left)\" y=\"\(y + 2)\" width=\"\(length(layer.rounding))\" height=\"14\" class=\"bar\"/>"
      svg += "<rect x=\"\(left)\" y=\"\(y + 6)\" width=\"\(length(layer.whole))\" height=\"6\" class=\"strong\"/>\n"
    }
    return svg + "</svg>\n"
  }
}
