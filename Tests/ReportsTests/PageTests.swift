import Crypto
import Foundation
import Reports
import Testing
import Text

@Suite struct PageTests {
  private func page(_ classes: [String], positive: PositiveClass?, path: String = "S1_IMG_1.png") -> String {
    let answers = (0..<12).map { index in
      Answer(
        path: "cells/\(path)", actual: index % classes.count,
        probabilities: classes.indices.map { $0 == index % classes.count ? 0.6 : 0.4 / Double(classes.count - 1) },
        slide: "S\(index % 3)")
    }
    let report = EvaluationReport(classes: classes, answers: answers, positive: positive)
    var page = EvaluationPage(title: "How good is <x>?", report: report)
    page.losses = [EvaluationPage.Loss(answer: answers[0], picture: [1], heat: [2])]
    page.folds = [FoldResult(report.matrix, positive: positive?.index, bestEpoch: 1, lastAccuracy: nil)]
    return page.text
  }

  private func body(_ page: String, _ element: String) throws -> Substring {
    let start = try #require(page.range(of: "<\(element)>")).upperBound
    return page[start...].prefix(
      upTo: try #require(page.range(of: "</\(element)>", range: start..<page.endIndex)).lowerBound)
  }

  /// Only the script and the style whose hashes the policy names are used.
  @Test func policyAllowsItsOwnScriptAlone() throws {
    let page = page(["ill", "well"], positive: PositiveClass(index: 0, origin: .names))
    for element in ["script", "style"] {
      let hash = Data(SHA256.hash(data: Data(try body(page, element).utf8))).base64EncodedString()
      #expect(page.contains("\(element)-src 'sha256-\(hash)'"))
    }
    #expect(!page.contains("unsafe-inline") && page.contains("default-src 'none'"))
    #expect(!page.contains(" style=") && !page.contains(" onclick"))
    #expect(HTMLPage(title: "t").text.contains("script-src 'none'"))
  }

  /// Browsers read scalars, not graphemes: a special character followed by a combining mark is still special.
  @Test(arguments: ["\"", "'", "<", ">", "&"]) func escapesScalars(_ sign: String) {
    for mark in ["\u{301}", "\u{200D}", "\u{FE0F}", ""] {
      let escaped = HTMLText.escaped("x\(sign)\(mark) onload=1 y")
      let scalars = Array(escaped.unicodeScalars)
      #expect(!scalars.contains { "\"'<>".unicodeScalars.contains($0) }, "\(escaped)")
      #expect(escaped.hasPrefix("x&"))
    }
  }

  @Test(arguments: [2, 3]) func namesThatAreMarkup(_ count: Int) {
    let names = ["x\"\u{301} onload=alert(1) y", "</script><script>alert(2)</script>", "'><img src=x onerror=1>"]
    for positive in [nil, PositiveClass(index: 1, origin: .option)] {
      let page = page(Array(names.prefix(count)), positive: positive, path: "\"\u{301}><svg onload=1>.png")
      let scalars = String.UnicodeScalarView(page.unicodeScalars)
      let text = String(scalars)
      #expect(!text.contains("<script>alert") && !text.contains("<img src=x") && !text.contains("<svg onload"))
      // An event handler would need a quote that ends the attribute before it.
      // A quote in the JSON data has a backslash before it.
      var before: Unicode.Scalar?
      for (place, scalar) in zip(scalars.indices, scalars) {
        defer { before = scalar }
        guard scalar == "\"", before != "\\" else { continue }
        #expect(!text.unicodeScalars[place...].dropFirst().starts(with: "\u{301}".unicodeScalars))
      }
    }
  }

  @Test func wordsWithoutAPositiveClass() {
    for classes in [["round", "square"], ["a", "b", "c"]] {
      let page = page(classes, positive: nil)
      for word in ["ensitivity", "pecificity", "redictive", "alse alarm", "PPV"] {
        #expect(!page.contains(word), "\(word)")
      }
      #expect(page.contains("Recall of \(classes[0])") && page.contains("no positive class"))
    }
  }

  @Test func wordsWithAPositiveClass() {
    let page = page(["healthy", "infected"], positive: PositiveClass(index: 1, origin: .names))
    for text in [
      "Sensitivity (infected)", "Specificity (healthy)", "Threshold for infected", "ROC curve (infected)",
      "positive class: infected (from the class names", "sensitivity of infected",
    ] { #expect(page.contains(text), "\(text)") }
  }

  /// The headline is about the predicted classes; the ROC area, which is for one class, is shown with that class's
  /// name.
  @Test func headlineOfManyClasses() throws {
    let classes = (0..<100).map { $0 < 10 ? "0\($0)" : "\($0)" }
    let answers = (0..<100).map { index in
      Answer(path: "\(index)", actual: index, probabilities: (0..<100).map { $0 == (index == 0 ? 0 : 1) ? 0.5 : 0.005 })
    }
    let page = EvaluationPage(
      title: "t", report: EvaluationReport(classes: classes, answers: answers, positive: nil)
    ).text
    let head = page.prefix(upTo: try #require(page.range(of: "</header>")).lowerBound)
    #expect(!head.contains("ROC") && head.contains("Accuracy") && head.contains("2.00"))
    #expect(page.contains("One class: 00 against all others") && page.contains("ROC of 00 against all others"))
  }
}
