import Foundation
import Imaging
import TestSupport
import Testing

/// Small files that claim or unfold to a lot: one clear line, soon, and little memory.
@Suite struct HostileFileTests {
  /// Without the limits on sides and pixels, other limits have to hold.
  private var generous: PictureOptions {
    var options = PictureOptions()
    options.limits = PictureLimits(side: 70_000, pixels: 100_000_000)
    return options
  }

  private func isQuick(_ body: () throws -> Void) rethrows {
    let start = Date()
    try body()
    #expect(Date().timeIntervalSince(start) < 10)
  }

  /// A JPEG of `tools/make-picture-fixtures` with other extents in its header.
  private func jpeg(_ name: String, width: Int, height: Int) throws -> [UInt8] {
    var bytes = try PictureFixtures.bytes(name)
    let frame = try #require(
      bytes.indices.dropLast(8).first { bytes[$0] == 0xFF && (bytes[$0 + 1] == 0xC0 || bytes[$0 + 1] == 0xC2) })
    for (offset, value) in [(5, height), (7, width)] {
      bytes[frame + offset] = UInt8(value >> 8)
      bytes[frame + offset + 1] = UInt8(value & 255)
    }
    return bytes
  }

  @Test func aLargeJPEGInAFewBytes() throws {
    for name in ["kind-420.jpg", "kind-progressive.jpg", "kind-cmyk.jpg"] {
      let huge = try jpeg(name, width: 65500, height: 65500)
      #expect(PictureFixtures.complaint(huge).contains("65500 × 65500 pixels; a side may have 16384 at most"))
      #expect(PictureFixtures.complaint(huge, generous).contains("65500 × 65500 pixels, more than 100000000 in all"))
      // Within the limits: the pixels are missing.
      try isQuick {
        let complaint = PictureFixtures.complaint(try jpeg(name, width: 9000, height: 9000))
        #expect(complaint.contains("damaged JPEG ("), "\(complaint)")
      }
    }
  }

  /// Each scan of a progressive file takes the time of a whole picture.
  @Test func scansWithoutEnd() throws {
    let bytes = try PictureFixtures.bytes("kind-progressive.jpg")
    func marker(_ index: Int) -> UInt8 { bytes[index] == 0xFF ? bytes[index + 1] : 0 }
    // The scan of all channels that adds the lowest bit, which can be read again and again.
    let scan = try #require(bytes.indices.dropLast(4).last { marker($0) == 0xDA && bytes[$0 + 3] == 12 })
    let end = try #require(((scan + 2)..<(bytes.count - 1)).first { marker($0) > 0 })
    var many = Array(bytes[..<(bytes.count - 2)])
    for _ in 0..<2000 { many += bytes[scan..<end] }
    isQuick { #expect(PictureFixtures.complaint(many + [0xFF, 0xD9]).contains("damaged JPEG (too many scans)")) }
  }

  @Test func profilesAndCommentsAreNotKept() throws {
    let bytes = try PictureFixtures.bytes("kind-420.jpg")
    let part = [0xFF, 0xE2, 0xFF, 0xFF] + Array("ICC_PROFILE\0".utf8) + [UInt8](repeating: 7, count: 65533 - 12)
    var many = Array(bytes[..<2])
    for _ in 0..<300 { many += part }
    many += bytes[2...]
    isQuick { #expect(PictureFixtures.complaint(many) == "") }
  }

  /// Directories of EXIF that are endless, lie outside, or link to themselves: as if there were none.
  @Test func hostileEXIF() throws {
    let bytes = try PictureFixtures.bytes("kind-420.jpg")
    let plain = try bytes.withUnsafeBytes { try PictureFile($0, named: "plain") }.picture
    let blocks: [[UInt8]] = [
      [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, 0xFF, 0xFF], [0x49, 0x49, 0x2A, 0, 0xFF, 0xFF, 0xFF, 0x7F],
      [0x4D, 0x4D, 0, 0x2A, 0xFF, 0xFF, 0xFF, 0xFF], [0x49, 0x49, 0x2A, 0, 0, 0, 0, 0], [0x49, 0x49], [],
      // Orientation 9, and a resolution far outside.
      [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, 2, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 9, 0, 0, 0]
        + [0x1A, 1, 5, 0, 1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 8, 0, 0, 0],
    ]
    for block in blocks {
      let length = block.count + 8
      let segment = [0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 255)] + Array("Exif\0\0".utf8) + block
      let file = Array(bytes[..<2] + segment + bytes[2...])
      #expect(try file.withUnsafeBytes { try PictureFile($0, named: "x") }.picture == plain)
    }
  }

  @Test func aLargePNGInAFewBytes() throws {
    var bytes = try PictureFixtures.bytes("kind-rgb8.png")
    bytes.replaceSubrange(16..<24, with: [0, 0, 0x23, 0x28, 0, 0, 0x23, 0x28])  // 9000 × 9000
    // The checksum is wrong, too.
    try isQuick { #expect(PictureFixtures.complaint(bytes).contains("damaged PNG (")) }
  }

  @Test func aLargeBMPInAFewBytes() throws {
    func bmp(_ width: Int32, _ height: Int32, coding: UInt8) -> [UInt8] {
      var bytes = Array("BM".utf8) + [UInt8](repeating: 0, count: 8) + [54, 0, 0, 0, 40, 0, 0, 0]
      for side in [width, height] { withUnsafeBytes(of: side.littleEndian) { bytes += $0 } }
      return bytes + [1, 0, coding == 0 ? 24 : 8, 0, coding] + [UInt8](repeating: 0, count: 1100)
    }
    #expect(PictureFixtures.complaint(bmp(9000, 9000, coding: 0)).contains("damaged BMP (the file ends too early)"))
    #expect(PictureFixtures.complaint(bmp(.max, .max, coding: 0), generous).contains("damaged BMP"))
    #expect(PictureFixtures.complaint(bmp(.max, .min, coding: 0)).contains("damaged BMP (it has no pixels)"))
    #expect(PictureFixtures.complaint(bmp(65500, 65500, coding: 1), generous).contains("more than 100000000 in all"))
  }
}
