import Foundation
import Imaging
import PictureModels
import TestSupport
import Testing

/// The page of `count --report`. tools/test-report uses it in a browser.
@Suite struct CountReportTests {
  private func page(_ folder: CountingFolder, _ arguments: [String]) throws -> String {
    let run = try ProgramRun(
      "giemsa-field", ["count", folder.model] + arguments + ["--report", folder.path("page.html")])
    #expect(run.status == 0, "\(run.error)")
    return try String(contentsOfFile: folder.path("page.html"), encoding: .utf8)
  }

  private func pieces(_ pattern: String, in text: String) throws -> [String] {
    let expression = try NSRegularExpression(pattern: pattern)
    return expression.matches(in: text, range: NSRange(text.startIndex..., in: text)).compactMap { match in
      Range(match.range(at: 1), in: text).map { String(text[$0]) }
    }
  }

  @Test func numbersFieldsAndCells() throws {
    let folder = try CountingFolder {
      $0.sensitivity = ObservedRate(hits: 90, count: 100)
      $0.specificity = ObservedRate(hits: 396, count: 400)
    }
    try folder.draw("a/1.png", infected: 5)
    try folder.draw("a/2.png", infected: 3, width: 2000, height: 1200)
    try folder.draw("b/1.png", cells: 0)
    let page = try page(folder, [folder.path("a"), folder.path("b"), "--threads", "2"])
    let counts = try pieces("<figure [^>]*data-n=\"([0-9 ]*)\"", in: page).map { $0.split(separator: " ") }
    #expect(counts.map { $0.count } == [4, 4, 4] && counts.map { $0[1] } == ["5", "3", "0"], "\(counts)")
    #expect(try pieces("data-slide=\"([0-9]*)\"", in: page) == ["0", "0", "1"])
    #expect(try pieces("<path class=\"(i)\" data-p", in: page).count == 8)
    // The wide field is reduced.
    #expect(try pieces("<svg viewBox=\"([0-9 ]*)\" role", in: page) == ["0 0 760 600", "0 0 1280 768", "0 0 760 600"])
    #expect(page.contains("\"rates\": [[90, 100], [396, 400]], \"perMicrolitre\": 5e+06}"))
    #expect(!page.contains(">not distinguishable from none") && page.hasSuffix("</html>\n"))
    let pictures = try pieces("href=\"data:image/jpeg;base64,([^\"]*)\"", in: page).compactMap {
      Data(base64Encoded: $0)
    }
    let widths = try pictures.map { picture in
      try [UInt8](picture).withUnsafeBytes { try PictureFile($0, named: "figure", PictureOptions()).picture.width }
    }
    // Its three infected cells are there at their own scale too.
    #expect(widths.filter { $0 > 200 } == [760, 1280, 760] && widths.count == 6, "\(widths)")
    #expect(try pieces(" data-z=\"([0-9])\"", in: page).sorted() == ["0", "1", "2"])
  }

  @Test func namesAreEscapedAndNothingIsFetched() throws {
    let name = "<script>alert(1)<&\"'\u{202e}"
    let folder = try CountingFolder { $0.positive = "infected" }
    try folder.draw("\(name)/=1+1.png", infected: 2)
    let page = try page(folder, [folder.path(name)])
    #expect(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert(1)&lt;&amp;&quot;&#39;\\u{202e}"))
    #expect(page.contains("default-src 'none'") && !page.contains("unsafe"))
    for (place, count) in [
      ("http://", 1), ("https://", 0), ("src=", 0), ("url(", 0), ("<link", 1),
      ("<link rel=\"icon\" href=\"data:,\">", 1),
    ] {
      // The name of SVG's elements is no address.
      #expect(page.components(separatedBy: place).count - 1 == count, "\(place)")
    }
  }

  @Test func fieldsOfAnEarlierRunEnterTheNumbers() throws {
    let folder = try CountingFolder()
    for index in 0..<3 { try folder.draw("f/\(index).png", infected: index) }
    let lines = [folder.path("f"), "--format", "jsonl", "--output", folder.path("o.jsonl")]
    #expect(try ProgramRun("giemsa-field", ["count", folder.model] + lines).status == 0)
    try folder.draw("f/3.png", infected: 3)
    let page = try page(folder, lines + ["--resume"])
    #expect(try pieces("<figure [^>]*data-n=\"[0-9]* ([0-9]*)", in: page) == ["0", "1", "2", "3"])
    #expect(try pieces("(<image )", in: page).count == 1 && page.contains("counted by an earlier run"))
    #expect(try pieces("<dd class=\"infected\">([0-9]*)", in: page) == ["6"])
  }

  /// The numbers come, and one line says what is missing.
  @Test func whatCannotBeWrittenIsSaid() throws {
    let folder = try CountingFolder()
    for index in 0..<3 { try folder.draw("f/\(index).png", infected: 1) }
    let variables = ["M": folder.model, "D": folder.folder.url.path]
    let before = try ProgramRun(script: "\"$FIELD\" count $M $D/f --format csv", variables)
    for (script, clue) in [
      ("\"$FIELD\" count $M $D/f --format csv --report /dev/full", "/dev/full"),
      // Files may have 4 KB.
      (
        "trap '' XFSZ; ulimit -f 4; \"$FIELD\" count $M $D/f --format csv --report $D/p.html | cat; exit ${PIPESTATUS[0]}",
        "p.html"
      ),
      (
        "trap '' XFSZ; ulimit -f 4; \"$FIELD\" count $M $D/f --format csv --overlay $D/o | cat; exit ${PIPESTATUS[0]}",
        "0.png.png"
      ),
    ] {
      let run = try ProgramRun(script: script, variables)
      #expect(run.status == 1 && run.output == before.output, "\(run.output)\(run.error)")
      let more = run.errorLines.filter { !before.errorLines.contains($0) && !$0.contains(" fields in ") }
      #expect(more.count == 1 && more[0].contains(clue) && more[0].contains("cannot write"), "\(run.error)")
    }
    #expect(try folder.folder.names() == ["cells.onnx", "f", "o"])
    for (arguments, clue) in [
      (["--report", "-"], "file of its own"), (["--report", folder.path("none/p.html")], "none"),
    ] {
      try expectOneClearLine("giemsa-field", ["count", folder.model, folder.path("f")] + arguments, naming: [clue])
    }
  }
}
