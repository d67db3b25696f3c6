import Foundation
import Testing
import Text

@Suite struct HTMLTextTests {
  @Test func marksAreEscaped() {
    #expect(HTMLText.escaped("a<b>&\"'c") == "a&lt;b&gt;&amp;&quot;&#39;c")
    #expect(HTMLText.escaped("a\n\u{202e}é") == "a\\n\\u{202e}é")
  }

  @Test func base64IsFoundationsOwn() {
    for count in 0..<70 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 91 + count * 37) }
      #expect(String(decoding: Base64.encode(bytes), as: UTF8.self) == Data(bytes).base64EncodedString())
    }
  }
}
