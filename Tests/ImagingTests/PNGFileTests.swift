import Foundation
import Imaging
import TestSupport
import Testing

@Suite struct PNGFileTests {
  @Test func writesWhatItReads() throws {
    let picture = try PictureFile(PictureFixtures.path("cell.png")).picture
    let folder = try TemporaryFolder()
    let path = folder.path("picture.png")
    try PNGFile.write(picture, to: path)
    #expect(try PictureFile(path).picture == picture)
    let permissions = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect((permissions ?? 0) & 0o400 != 0)
  }

  /// One pixel, long rows and columns, more than the compressor's window; of one colour, noise, few colours, rows alike, slopes.
  @Test(arguments: [(1, 1), (2, 3), (300, 1), (1, 300), (40, 50), (313, 211)])
  func readsWhatItWrites(_ width: Int, _ height: Int) throws {
    for kind in 0..<5 {
      var picture = Picture(width: width, height: height)
      var noise = Noise(kind)
      for index in picture.pixels.indices {
        switch kind {
        case 0: picture.pixels[index] = 255
        case 1: picture.pixels[index] = UInt8(noise.int(0...255))
        case 2: picture.pixels[index] = UInt8(noise.int(0...1))
        case 3: picture.pixels[index] = UInt8(truncatingIfNeeded: index % (3 * width) * 7)
        default: picture.pixels[index] = UInt8(truncatingIfNeeded: index * index >> 9)
        }
      }
      let file = try PNGFile.encode(picture)
      #expect(try file.withUnsafeBytes { try PictureFile($0, named: "x.png") }.picture == picture, "kind \(kind)")
    }
  }

  @Test func unwritablePlace() {
    let picture = Picture(width: 1, height: 1)
    #expect(throws: ImagingError.self) { try PNGFile.write(picture, to: "/nowhere/at/all.png") }
  }

  @Test func notThere() {
    do throws(ImagingError) {
      _ = try PictureFile("/nowhere/a.png")
      Issue.record("read a file that is not there")
    } catch {
      #expect(error.message == "/nowhere/a.png: No such file or directory")
    }
  }

  /// Every truncation and a flip of every byte: an error or a picture, never a crash.
  @Test func damage() throws {
    let whole = try PictureFixtures.bytes("kind-palette4-transparent-interlaced.png")
    for count in 8..<whole.count {
      // Only the checksum of the end marker can be missing without loss.
      let complaint = PictureFixtures.complaint(Array(whole[..<count]))
      #expect(complaint.hasPrefix("x.png: damaged PNG ("), "first \(count) bytes")
    }
    for index in whole.indices {
      for flip in [UInt8(1), 0x80, 0xFF] {
        var bytes = whole
        bytes[index] ^= flip
        _ = PictureFixtures.complaint(bytes)
      }
    }
  }

  /// A picture with this width in its header and a valid checksum.
  private func ofWidth(_ width: [UInt8]) throws -> [UInt8] {
    var bytes = try PictureFixtures.bytes("kind-rgb8.png")
    bytes.replaceSubrange(16..<20, with: width)
    let sum = crc32(bytes[12..<29])
    bytes.replaceSubrange(29..<33, with: [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: sum >> UInt32($0)) })
    return bytes
  }

  /// These are not reported as damage: the file may be valid, and the advice differs.
  @Test func hugeExtentsAreRefused() throws {
    for (width, clue) in [([0x00, 0x00, 0x40, 0x01], "16385"), ([0x00, 0x0F, 0x42, 0x40], "1000000")]
      as [([UInt8], String)]
    {
      #expect(
        PictureFixtures.complaint(try ofWidth(width))
          == "x.png: \(clue) × 11 pixels; a side may have 16384 at most. Cut the picture up")
    }
  }

  @Test func whatIsDamagedIsSaid() throws {
    #expect(PictureFixtures.complaint(try ofWidth([0, 0, 0, 0])).contains("damaged PNG (Image width is zero in IHDR)"))
    var checksum = try PictureFixtures.bytes("kind-rgb8.png")
    checksum[30] ^= 1
    #expect(PictureFixtures.complaint(checksum).contains("damaged PNG (IHDR: CRC error)"))
  }

  private func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var sum: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }
    return ~sum
  }
}
