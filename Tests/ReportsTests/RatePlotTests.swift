import Foundation
import Reports
import Testing

@Suite struct RatePlotTests {
  @Test func isWellFormed() throws {
    let plot = RatePlot(
      rates: [1e-7, 1e-4, 1e-1], losses: [1, 0.5, 90], smooth: [1, 0.7, 4],
      marks: [("valley", 1e-4), ("minimum ÷ 10", 1e-5)])
    let parser = XMLCheck(plot.svg)
    #expect(parser.isClosed && plot.svg.contains("valley 1.00e-04") && !plot.svg.contains("nan"))
  }

  @Test(arguments: [(2.29e-3, "2.29e-03"), (9.999e-5, "1.00e-04"), (1, "1.00e+00"), (0.5, "5.00e-01")])
  func rates(_ rate: Double, _ text: String) { #expect(RatePlot.text(rate) == text) }
}

/// Whether all tags are closed in order.
private struct XMLCheck {
  let isClosed: Bool

  init(_ text: String) {
    var open: [Substring] = []
    for part in text.split(separator: "<").filter({ $0.contains(">") }) {
      let tag = part.prefix { $0 != ">" }
      if tag.hasPrefix("/") {
        guard open.popLast() == tag.dropFirst() else {
          isClosed = false
          return
        }
      } else if !tag.hasSuffix("/") {
        open.append(tag.prefix { $0 != " " })
      }
    }
    isClosed = open.isEmpty
  }
}
