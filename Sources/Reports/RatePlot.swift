import Foundation
import ModelGraph
import Text

/// A plot of the loss over the learning rate of a range test, as an SVG file.
public struct RatePlot: Sendable {
  public var rates: [Double]
  /// The loss of each step, and the smoothed loss.
  public var losses: [Double]
  public var smooth: [Double]
  /// Rates to mark, with their names.
  public var marks: [(name: String, rate: Double)]

  public init(rates: [Double], losses: [Double], smooth: [Double], marks: [(name: String, rate: Double)]) {
    self.rates = rates
    self.losses = losses
    self.smooth = smooth
    self.marks = marks
  }

  private static let (width, height) = (640.0, 400.0)
  private static let (left, right, top, bottom) = (60.0, 20.0, 20.0, 45.0)
  private static let colors = ["#2a5ea8", "#a8422a", "#2f7d4f"]

  public var svg: String {
    let (low, high) = (log10(rates.first ?? 1e-7), log10(max(rates.last ?? 1, (rates.first ?? 1e-7) * 1.01)))
    // Exploding losses at the end must not flatten the rest of the plot.
    let least = smooth.min() ?? 0
    let most = min(smooth.max() ?? 1, least + 2.5 * max((smooth.first ?? 1) - least, 0.1))
    let room = max((most - least) * 0.08, 1e-6)
    func x(_ rate: Double) -> Double {
      Self.left + (log10(rate) - low) / (high - low) * (Self.width - Self.left - Self.right)
    }
    func y(_ loss: Double) -> Double {
      let share = (loss - least + room) / (most - least + 2 * room)
      return Self.height - Self.bottom - min(max(share, 0), 1) * (Self.height - Self.top - Self.bottom)
    }
    func number(_ value: Double) -> String { NumberText.fixed(value, 1) }
    func line(_ values: [Double], _ style: String) -> String {
      let points = zip(rates, values).map { "\(number(x($0))),\(number(y($1)))" }.joined(separator: " ")
      return "<polyline fill=\"none\" \(style) points=\"\(points)\"/>\n"
    }
    let size = "\(Int(Self.width)) \(Int(Self.height))"
    var svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(size)\" role=\"img\" "
    svg +=
      "font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#444\">\n<title>Loss over learning rate</title>\n"
    svg += "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    let floor = Self.height - Self.bottom
    for exponent in stride(from: low.rounded(.up), through: high, by: 1) {
      let at = number(x(pow(10, exponent)))
      svg += "<line x1=\"\(at)\" x2=\"\(at)\" y1=\"\(Self.top)\" y2=\"\(floor)\" stroke=\"#ddd\"/>"
      svg += "<text x=\"\(at)\" y=\"\(floor + 17)\" text-anchor=\"middle\">1e\(Int(exponent))</text>\n"
    }
    for step in 0...4 {
      let loss = least + (most - least) * Double(step) / 4
      let at = number(y(loss))
      svg += "<line x1=\"\(Self.left)\" x2=\"\(Self.width - Self.right)\" y1=\"\(at)\" y2=\"\(at)\" stroke=\"#eee\"/>"
      svg +=
        "<text x=\"\(Self.left - 6)\" y=\"\(at)\" dy=\"4\" text-anchor=\"end\">\(NumberText.fixed(loss, 3))</text>\n"
    }
    svg += line(losses, "stroke=\"#ccd\"") + line(smooth, "stroke=\"#222\" stroke-width=\"2\"")
    for (index, mark) in marks.enumerated() {
      let color = Self.colors[index % Self.colors.count]
      let nearest = rates.indices.min { abs(rates[$0] - mark.rate) < abs(rates[$1] - mark.rate) } ?? 0
      let loss = smooth.isEmpty ? 0 : smooth[nearest]
      svg += "<circle cx=\"\(number(x(mark.rate)))\" cy=\"\(number(y(loss)))\" r=\"5\" fill=\"\(color)\"/>"
      svg += "<text x=\"\(Self.left + 10)\" y=\"\(Self.top + 14 + 16 * Double(index))\" fill=\"\(color)\">"
      svg += "\(HTMLText.escaped(mark.name)) \(RatePlot.text(mark.rate))</text>\n"
    }
    svg += "<text x=\"\((Self.left + Self.width) / 2)\" y=\"\(Self.height - 8)\" text-anchor=\"middle\">"
    return svg + "learning rate (loss: smoothed, and of each step)</text>\n</svg>\n"
  }

  /// `2.29e-03`.
  public static func text(_ rate: Double) -> String {
    guard rate > 0, rate.isFinite else { return "\(NumberText.shortest(rate))" }
    var exponent = Int(log10(rate).rounded(.down))
    var digits = NumberText.fixed(rate / pow(10, Double(exponent)), 2)
    if digits.hasPrefix("10") {
      exponent += 1
      digits = "1.00"
    }
    let size = abs(exponent)
    return "\(digits)e\(exponent < 0 ? "-" : "+")\(size < 10 ? "0" : "")\(size)"
  }
}
