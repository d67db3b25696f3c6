import Imaging
import TestSupport

extension FuzzTarget {
  /// A picture of any format: the first bytes decide. The last byte chooses how it is read; most PNG files get right
  /// checksums before.
  static let picture = FuzzTarget(
    name: "picture",
    // Chunks of 730 MB, of which nothing is there: libpng took the memory.
    seeds: {
      ["eXIf", "sPLT"].map { RawPNG.grey8(width: 2, height: 2, extra: [0x2B, 0x80, 0, 0x56] + Array($0.utf8)) }
    }
  ) { bytes in
    let choice = Int(bytes.last ?? 0)
    guard bytes.first == 0x89, choice & 7 != 7 else { return try read(bytes, choice) }
    try RawPNG.withChecksums(bytes).withUnsafeBytes { try read($0, choice) }
  }

  private static func read(_ bytes: UnsafeRawBufferPointer, _ choice: Int) throws {
    var options = PictureOptions()
    options.limits = PictureLimits(side: 1024, pixels: 1 << 16)
    options.bits = 8 + choice % 9
    if choice & 0x20 != 0 { options.enough = (width: 3, height: 3) }
    let file: PictureFile
    if choice & 0x40 != 0 {
      file = try PictureFile(Scratch.write(bytes, to: "picture"), options)
    } else {
      file = try PictureFile(bytes, named: "picture", options)
    }
    precondition(file.picture.pixels.count == file.picture.width * file.picture.height * 3)
  }
}
