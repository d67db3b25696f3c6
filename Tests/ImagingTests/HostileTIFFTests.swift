import Foundation
import Imaging
import TestSupport
import Testing

/// Directories and tables of TIFF that claim a lot, or lead in a circle.
@Suite struct HostileTIFFTests {
  private func isQuick(_ body: () throws -> Void) rethrows {
    let start = Date()
    try body()
    #expect(Date().timeIntervalSince(start) < 10)
  }

  @Test func aLargePictureInAFewBytes() {
    for (side, text) in [(UInt32(65500), "65500 × 65500 pixels; a side may have"), (9000, "damaged TIFF (")] {
      var sketch = TIFFSketch(width: side, height: side, rowsPerStrip: side)
      sketch.entries += [(273, 4, 1, 8), (279, 4, 1, .max)]
      sketch.data = [UInt8](repeating: 0, count: 100)
      isQuick { #expect(PictureFixtures.complaint(sketch.bytes).contains(text)) }
    }
  }

  @Test func aMillionStrips() {
    // As many as rows, and far more than rows; a table that is not in the file.
    for (height, count, isThere) in [
      (UInt32(16384), UInt32(16384), true), (16, 1_000_000, true), (16, 1 << 30, false),
    ] {
      var sketch = TIFFSketch(width: 1, height: height, rowsPerStrip: 1)
      let tableBytes = isThere ? Int(count) * 4 : 64
      sketch.data = [UInt8](repeating: 0, count: 2 * tableBytes)
      sketch.entries += [(273, 4, count, 8), (279, 4, count, UInt32(8 + tableBytes))]
      isQuick {
        let complaint = PictureFixtures.complaint(sketch.bytes)
        #expect(complaint.hasPrefix("x.png: damaged TIFF ("), "\(complaint)")
      }
    }
  }

  @Test func directoriesInACircle() throws {
    var sketch = TIFFSketch(width: 4, height: 4, rowsPerStrip: 4)
    sketch.data = [UInt8](0..<16)
    sketch.entries += [(273, 4, 1, 8), (279, 4, 1, 16)]
    sketch.next = nil
    let file = try sketch.bytes.withUnsafeBytes { try PictureFile($0, named: "x") }
    #expect(file.notes == [.firstOfSeveral])
    #expect(file.picture.pixels == (0..<16).flatMap { [UInt8](repeating: $0, count: 3) })
  }

  @Test func tablesThatAreTooLong() {
    // A profile, a palette and a description of gigabytes.
    for tag in [UInt16(34675), 320, 270] {
      var sketch = TIFFSketch(width: 4, height: 4, rowsPerStrip: 4)
      sketch.data = [UInt8](repeating: 9, count: 16)
      sketch.entries += [(273, 4, 1, 8), (279, 4, 1, 16), (tag, tag == 320 ? 3 : 2, 0x7FFF_FFFF, 8)]
      isQuick { _ = PictureFixtures.complaint(sketch.bytes) }
    }
  }
}
