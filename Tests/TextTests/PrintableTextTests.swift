import Testing

import Text

@Suite struct PrintableTextTests {
  @Test(arguments: [
    ("plain", "plain"), ("Zoë 血", "Zoë 血"), ("a\\b", "a\\b"),
    ("\u{1B}[2J", "\\x1b[2J"), ("\u{9B}31m", "\\x9b31m"), ("a\nb\r\tc\u{0}", "a\\nb\\x0d\\tc\\x00"),
    ("\u{7F}", "\\x7f"),
    ("gpj\u{202E}png", "gpj\\u{202e}png"), ("a\u{200B}b\u{FEFF}", "a\\u{200b}b\\u{feff}"),
    ("a\u{2028}b", "a\\u{2028}b"),
    // Within a grapheme cluster too: a control character before a combining mark.
    ("\u{1B}\u{301}", "\\x1b\u{301}"),
  ]) func whatSpeaksToTerminalsIsSpelledOut(_ text: String, _ shown: String) {
    #expect(Array(text.printable.unicodeScalars) == Array(shown.unicodeScalars))
  }

  @Test func bytesThatAreNotUTF8AreShown() {
    let name = Array("lat".utf8) + [0xE9]
    #expect(name.withUnsafeBufferPointer { PathText.text($0) }.printable == "lat\\xe9")
  }

  /// A million of them were copied a million times before.
  @Test func timeGrowsWithTheText() {
    let text = String(repeating: "\u{202E}<", count: 1_000_000)
    let clock = ContinuousClock()
    let time = clock.measure {
      #expect(text.printable.utf8.count == 9_000_000)
      #expect(HTMLText.escaped(text).utf8.count == 12_000_000)
    }
    #expect(time < .seconds(60))
  }

  @Test func linesStay() {
    #expect("a\n\u{1B}[1mb\r\n".printableLines == "a\n\\x1b[1mb\\x0d\n")
    #expect("a\n\u{1B}[1mb".printable == "a\\n\\x1b[1mb")
  }
}
