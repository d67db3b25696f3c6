import Foundation
import Imaging
import TestSupport
import Testing

/// The same seed gives the same pictures, byte for byte, in every version.
@Suite struct AugmentationBytesTests {
  /// FNV-1a over the pixels of the sheet, as `giemsa` drew it before each transform had a file of its own.
  @Test(
    arguments: [
      ("flips", 0x4b3e_97a6_a508_f960), ("standard", 0x89ec_42c5_57e2_8d06), ("fastai", 0x678f_7380_46fa_f2d2),
    ] as [(String, UInt64)])
  func sheetsKeepTheirBytes(_ augmentation: String, _ expected: UInt64) throws {
    let folder = try TemporaryFolder()
    for (label, name) in ["a", "b"].enumerated() {
      let path = try folder.folder("cells/\(name)")
      for index in 0..<6 {
        let pixels = (0..<40 * 40 * 3).map { at in
          let (x, y, channel) = (at / 3 % 40, at / 120, at % 3)
          return UInt8(truncatingIfNeeded: x * 7 + y * 13 + channel * 50 + (label * 6 + index) * 31)
        }
        try PNGFile.write(Picture(width: 40, height: 40, pixels: pixels), to: "\(path)/\(index).png")
      }
    }
    let sheet = folder.path("sheet.png")
    let run = try ProgramRun(
      "giemsa",
      [
        "show-batch", folder.path("cells"), "--augment", augmentation, "--seed", "7", "--rows", "4", "--columns", "6",
        "--size", "40", "--out", sheet,
      ])
    #expect(run.status == 0, "\(run.error)")
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in try PictureFile(sheet).picture.pixels { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    #expect(hash == expected)
  }
}
