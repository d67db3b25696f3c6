import ModelGraph
import Text

/// A line plot as inline SVG that uses the page's colours.
struct LinePlot {
  struct Tick {
    var value: Double
    var text: String
  }

  /// The plot's HTML id, unique on the page.
  var id: String
  /// Title and description, for readers who cannot see the plot.
  var title: String
  var description: String
  var xLabel: String
  var yLabel: String
  var x: ClosedRange<Double> = 0...1
  var y: ClosedRange<Double> = 0...1
  var xTicks = LinePlot.shares
  var yTicks = LinePlot.shares
  private var content = ""

  static let shares = [0, 0.2, 0.4, 0.6, 0.8, 1].map { Tick(value: $0, text: NumberText.fixed($0, 1)) }

  private static let (width, height) = (420.0, 330.0)
  private static let (left, right, top, bottom) = (52.0, 12.0, 12.0, 46.0)
  private static var innerWidth: Double { width - left - right }
  private static var innerHeight: Double { height - top - bottom }

  init(id: String, title: String, description: String, xLabel: String, yLabel: String) {
    self.id = id
    self.title = title
    self.description = description
    self.xLabel = xLabel
    self.yLabel = yLabel
  }

  func px(_ value: Double) -> String {
    let span = max(x.upperBound - x.lowerBound, 1e-12)
    return NumberText.fixed(Self.left + (value - x.lowerBound) / span * Self.innerWidth, 2)
  }

  func py(_ value: Double) -> String {
    let share = min(max((value - y.lowerBound) / max(y.upperBound - y.lowerBound, 1e-12), 0), 1)
    return NumberText.fixed(Self.top + (1 - share) * Self.innerHeight, 2)
  }

  /// - Parameter style: classes of the page's style.
  mutating func line(_ points: [(x: Double, y: Double)], _ style: String) {
    let text = points.map { "\(px($0.x)),\(py($0.y))" }.joined(separator: " ")
    content += "<polyline class=\"\(style)\" points=\"\(text)\"/>\n"
  }

  mutating func dot(_ x: Double, _ y: Double, _ style: String, radius: Double = 4, id: String? = nil) {
    let name = id.map { " id=\"\($0)\"" } ?? ""
    content +=
      "<circle\(name) class=\"\(style)\" cx=\"\(px(x))\" cy=\"\(py(y))\" r=\"\(NumberText.fixed(radius, 1))\"/>\n"
  }

  mutating func bar(_ from: Double, _ to: Double, _ height: Double, _ style: String) {
    guard let left = Double(px(from)), let right = Double(px(to)), let top = Double(py(height)),
      let floor = Double(py(y.lowerBound))
    else { return }
    content += "<rect class=\"\(style)\" x=\"\(NumberText.fixed(left + 1, 2))\" y=\"\(NumberText.fixed(top, 2))\" "
    content += "width=\"\(NumberText.fixed(max(right - left - 2, 0), 2))\" "
    content += "height=\"\(NumberText.fixed(max(floor - top, 0), 2))\"/>\n"
  }

  mutating func segment(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) {
    content += "<line class=\"\(style)\" x1=\"\(px(x1))\" y1=\"\(py(y1))\" x2=\"\(px(x2))\" y2=\"\(py(y2))\"/>\n"
  }

  /// The SVG with the axes' positions as attributes, for the script that moves the threshold mark.
  var svg: String {
    let box = "\(Int(Self.width)) \(Int(Self.height))"
    let place =
      "data-left=\"\(Int(Self.left))\" data-top=\"\(Int(Self.top))\" data-width=\"\(Int(Self.innerWidth))\" "
      + "data-height=\"\(Int(Self.innerHeight))\""
    var svg = "<svg id=\"\(id)\" viewBox=\"0 0 \(box)\" role=\"img\" aria-labelledby=\"\(id)-t \(id)-d\" \(place)>\n"
    svg += "<title id=\"\(id)-t\">\(HTMLText.escaped(title))</title>"
    svg += "<desc id=\"\(id)-d\">\(HTMLText.escaped(description))</desc>\n"
    for tick in xTicks {
      let at = px(tick.value)
      svg += "<line class=\"grid\" x1=\"\(at)\" x2=\"\(at)\" y1=\"\(py(y.lowerBound))\" y2=\"\(py(y.upperBound))\"/>"
      svg +=
        "<text x=\"\(at)\" y=\"\(Int(Self.height - Self.bottom + 17))\" text-anchor=\"middle\">\(tick.text)</text>\n"
    }
    for tick in yTicks {
      let at = py(tick.value)
      svg += "<line class=\"grid\" x1=\"\(px(x.lowerBound))\" x2=\"\(px(x.upperBound))\" y1=\"\(at)\" y2=\"\(at)\"/>"
      svg += "<text x=\"\(Int(Self.left - 7))\" y=\"\(at)\" dy=\"4\" text-anchor=\"end\">\(tick.text)</text>\n"
    }
    let middle = NumberText.fixed(Self.left + Self.innerWidth / 2, 0)
    let center = NumberText.fixed(Self.top + Self.innerHeight / 2, 0)
    svg += "<text class=\"label\" x=\"\(middle)\" y=\"\(Int(Self.height - 8))\" text-anchor=\"middle\">"
    svg += "\(HTMLText.escaped(xLabel))</text>\n"
    svg += "<text class=\"label\" transform=\"translate(13 \(center)) rotate(-90)\" text-anchor=\"middle\">"
    svg += "\(HTMLText.escaped(yLabel))</text>\n"
    return svg + content + "</svg>\n"
  }

  /// Four to eight round numbers that span a range.
  static func ticks(_ low: Double, _ high: Double) -> [Tick] {
    // Values of a diverged run or a manipulated file: no scale is possible.
    guard low.isFinite, high.isFinite, low <= high, max(abs(low), abs(high)) < 1e9 else { return [] }
    let span = max(high - low, 1e-9)
    var step = 1e-9
    while span / step > 8 {
      for factor in [2.0, 2.5, 2.0] where span / step > 8 { step *= factor }
    }
    var digits = 0
    while digits < 6, abs((step * power(digits)).rounded() - step * power(digits)) > 1e-6 * power(digits) * step {
      digits += 1
    }
    let first = Int((low / step).rounded(.up))
    return (first...max(Int((high / step + 1e-9).rounded(.down)), first)).map {
      Tick(value: Double($0) * step, text: NumberText.fixed(Double($0) * step, digits))
    }
  }

  private static func power(_ digits: Int) -> Double { (0..<digits).reduce(1.0) { value, _ in value * 10 } }
}
