import Imaging
import Testing

/// Damaged files of every kind: a picture or one clear line, never a crash.
@Suite struct DamageTests {
  @Test(arguments: PictureFixtures.kinds)
  func truncated(_ name: String) throws {
    let whole = try PictureFixtures.bytes(name)
    for count in stride(from: 0, to: whole.count, by: 1 + whole.count / 200) { judge(Array(whole[..<count])) }
  }

  /// Bytes, pairs of bytes and stretches replaced by chance, the same on every run.
  @Test(arguments: PictureFixtures.kinds)
  func mutated(_ name: String) throws {
    let whole = try PictureFixtures.bytes(name)
    var random: UInt64 = 42
    func below(_ count: Int) -> Int {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(random >> 33) % count
    }
    for round in 0..<200 {
      var bytes = whole
      // Headers are short: half of the changes go there.
      for _ in 0...(round % 5) where !bytes.isEmpty {
        let at = below(round % 2 == 0 ? min(64, bytes.count) : bytes.count)
        switch below(4) {
        case 0: bytes[at] ^= UInt8(1 << below(8))
        case 1: bytes[at] = [0, 1, 0x7F, 0x80, 0xFF][below(5)]
        case 2: for next in at..<min(at + 4, bytes.count) { bytes[next] = below(2) == 0 ? 0xFF : 0 }
        default:
          bytes.replaceSubrange(
            at..<min(at + 1 + below(8), bytes.count), with: [UInt8](repeating: UInt8(below(256)), count: below(9)))
        }
      }
      judge(bytes)
    }
  }

  private func judge(_ bytes: [UInt8]) {
    var options = PictureOptions()
    options.limits.pixels = 1_000_000
    let complaint = PictureFixtures.complaint(bytes, options)
    #expect(complaint.isEmpty || complaint.hasPrefix("x.png: ") && !complaint.contains("\n"), "\(complaint)")
  }
}
