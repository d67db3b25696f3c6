import Testing
import Text

@Suite struct JSONLineTests {
  @Test func textsAndNumbersOfItsOwnKeys() throws {
    let line = try #require(
      JSONLine(
        "{\"path\": \"a\\udce9\\n\", \"cells\": [{\"box\": [1, 2], \"path\": \"inner\"}, null, true], \"redCells\": 12,"
          + " \"share\": -1.5e1, \"empty\": {}, \"threshold\": null}"))
    #expect(line.text("path")?.isExactly("a\u{10FFE9}\n") == true)
    #expect(line.count("redCells") == 12 && line.number("share") == -15)
    #expect(line.has("cells") && line.has("threshold") && !line.has("box"))
    #expect(line.text("redCells") == nil && line.count("path") == nil && line.count("share") == nil)
  }

  @Test(arguments: [
    "", "[1]", "{", "{\"a\": 1", "{\"a\" 1}", "{\"a\": 1}x", "{\"a\": [1, }", "{\"a\": tru}", "{a: 1}",
    "{\"a\": \"\\x\"}",
    "{\"a\": " + String(repeating: "[", count: 5000),
  ])
  func whatIsNoObjectIsRefused(_ text: String) { #expect(JSONLine(text) == nil) }
}
