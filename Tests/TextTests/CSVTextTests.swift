import Testing
import Text

@Suite struct CSVTextTests {
  @Test(arguments: [
    ("plain", "plain"), ("a,b", "\"a,b\""), ("say \"a\"", "\"say \"\"a\"\"\""), ("", ""),
    ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("=A1,\"x\"", "\"'=A1,\"\"x\"\"\""),
    ("  =1", "'  =1"), ("'=1", "''=1"), ("'plain", "'plain"), ("\u{FF1D}1", "'\u{FF1D}1"),
    // Characters that a spreadsheet would skip before a formula have been removed.
    ("\t=1", "\\t=1"), ("\r=1", "\\x0d=1"), ("two\nlines", "two\\nlines"), ("\u{1B}[31m", "\\x1b[31m"),
    ("a-b", "a-b"), ("a=b", "a=b"),
  ])
  func aCellIsHarmless(_ text: String, _ expected: String) { #expect(CSVText.cell(text) == expected) }

  @Test func cellsReadBack() {
    let texts = ["", "plain", "a,b", "\"", "\"\",", "=1+1", "'=1", "''", "-x,\"y\"", " ", "'", "é"]
    let line = texts.map { CSVText.cell($0) }.joined(separator: ",")
    #expect(CSVText.cells(line) == texts)
    #expect(CSVText.cells("") == [""])
    #expect(CSVText.cells("a,") == ["a", ""])
  }

  @Test(arguments: ["\"open", "a,\"open", "\"a\"b", "\"", "\"a\" ,b", "\"a\"\""])
  func brokenQuotesAreNoCells(_ line: String) { #expect(CSVText.cells(line) == nil) }

  @Test func rawNamesStay() {
    #expect(CSVText.cell("=1,2", isRaw: true) == "\"=1,2\"")
    #expect(CSVText.cell("@a\n", isRaw: true) == "@a\\n")
  }
}
