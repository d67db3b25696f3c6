import Testing

import Text

@Suite struct PathTextTests {
  static let names: [[UInt8]] = [
    [], Array("plain.png".utf8), Array("Zoë/血.png".utf8), Array("lat".utf8) + [0xE9],
    [0xE9, 0x80], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF0, 0x80, 0x80, 0x80], [0xFF, 0xFE],
    // Characters that represent invalid bytes are themselves encoded if they occur in a name.
    Array("\u{10FF80}".utf8), Array("\u{10FFFF}x".utf8), Array("\u{10FF7F}".utf8),
  ]

  @Test(arguments: names) func textGivesTheSameBytesBack(_ name: [UInt8]) {
    let text = name.withUnsafeBufferPointer { PathText.text($0) }
    #expect(PathText.bytes(of: text) == name)
    let passed = text.withPath { path in Array(UnsafeBufferPointer(start: path, count: name.count + 1)) }
    #expect(passed.map { UInt8(bitPattern: $0) } == name + [0])
  }

  @Test func everyPairOfBytesIsItsOwnName() {
    var seen: Set<[Unicode.Scalar]> = []
    for first in UInt8.min...UInt8.max {
      for second in UInt8.min...UInt8.max {
        let text = [first, second].withUnsafeBufferPointer { PathText.text($0) }
        #expect(PathText.bytes(of: text) == [first, second])
        seen.insert(Array(text.unicodeScalars))
      }
    }
    #expect(seen.count == 65536)
  }

  @Test func validTextStandsAsItIs() {
    let name = Array("Zoë/血.png".utf8)
    #expect(name.withUnsafeBufferPointer { PathText.text($0) } == "Zoë/血.png")
  }
}
