import Foundation
import Imaging
import ModelGraph
import ONNXFormat
import TestSupport
import Testing

/// Pictures of 12 and 50 megapixels take at most twice their pixels' memory.
@Suite struct LargePictureTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try ONNXFile.write(try SmallModel.graph(), to: folder.path("m.onnx"))
  }

  /// Grey, from the tables of a small file: every block is the code of no difference and the end of the block, 00 1010.
  private func jpeg(_ width: Int, _ height: Int) throws -> [UInt8] {
    let file = ProgramRun.root.appending(path: "Fixtures/pictures/kind-grey.jpg")
    var bytes = [UInt8](try Data(contentsOf: file))
    let frame = try #require(bytes.indices.dropLast(8).first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xC0 })
    let scan = try #require(bytes.indices.dropLast(8).first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xDA })
    for (offset, value) in [(5, height), (7, width)] {
      bytes[frame + offset] = UInt8(value >> 8)
      bytes[frame + offset + 1] = UInt8(value & 255)
    }
    let header = Int(bytes[scan + 2]) << 8 + Int(bytes[scan + 3])
    let blocks = (width / 8) * (height / 8)
    let codes = [[UInt8]](repeating: [0b0010_1000, 0b1010_0010, 0b1000_1010], count: blocks / 4).joined()
    return bytes[..<(scan + 2 + header)] + codes + [0xFF, 0xD9]
  }

  /// Colours at full resolution in four scans: one of first coefficients, which do not differ (00), and one for each channel
  /// with twenty others (001) in each block. 1010 ends a block.
  private func progressive(_ width: Int, _ height: Int) throws -> [UInt8] {
    let baseline = try jpeg(16, 16)
    let frame = try #require(baseline.indices.dropLast(8).first { baseline[$0] == 0xFF && baseline[$0 + 1] == 0xC0 })
    let scan = try #require(baseline.indices.dropLast(8).first { baseline[$0] == 0xFF && baseline[$0 + 1] == 0xDA })
    let afterFrame = frame + 2 + Int(baseline[frame + 2]) << 8 + Int(baseline[frame + 3])
    let sides = [UInt8(height >> 8), UInt8(height & 255), UInt8(width >> 8), UInt8(width & 255)]
    var bytes = baseline[..<frame] + [0xFF, 0xC2, 0, 17, 8] + sides + [3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]
    bytes += baseline[afterFrame..<scan]
    let blocks = (width / 8) * (height / 8)
    bytes += [0xFF, 0xDA, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 0, 0] + [UInt8](repeating: 0, count: blocks * 6 / 8)
    let block: [UInt8] = [0x24, 0x92, 0x49, 0x24, 0x92, 0x49, 0x24, 0x9A]
    let codes = Array([[UInt8]](repeating: block, count: blocks).joined())
    for channel in UInt8(1)...3 { bytes += [0xFF, 0xDA, 0, 8, 1, channel, 0, 1, 63, 0] + codes }
    return bytes + [0xFF, 0xD9]
  }

  /// The headers of black pictures; the pixels are a hole in the file.
  private func bmp(_ width: Int, _ height: Int) -> [UInt8] {
    var bytes = Array("BM".utf8) + [UInt8](repeating: 0, count: 8) + [54, 0, 0, 0, 40, 0, 0, 0]
    for side in [width, height] { withUnsafeBytes(of: UInt32(side).littleEndian) { bytes += $0 } }
    return bytes + [1, 0, 24, 0] + [UInt8](repeating: 0, count: 24)
  }

  private func tiff(_ width: Int, _ height: Int, bits: UInt32) -> [UInt8] {
    var bytes: [UInt8] = []
    func put(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
    bytes += Array("II*\0".utf8)
    put(UInt32(8))
    let rows = UInt32(height)
    let entries: [(UInt16, UInt16, UInt32, UInt32)] = [
      (256, 4, 1, UInt32(width)), (257, 4, 1, rows), (258, 3, 3, 256), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, 512),
      (277, 3, 1, 3), (278, 4, 1, rows), (279, 4, 1, UInt32(width * height * 3) * bits / 8),
    ]
    put(UInt16(entries.count))
    for (tag, type, count, value) in entries {
      put(tag)
      put(type)
      put(count)
      put(value)
    }
    put(UInt32(0))
    bytes += [UInt8](repeating: 0, count: 256 - bytes.count)
    for _ in 0..<3 { put(UInt16(bits)) }
    return bytes + [UInt8](repeating: 0, count: 512 - bytes.count)
  }

  private func file(_ name: String, _ bytes: [UInt8], size: Int) throws {
    try folder.write(bytes, to: name)
    let handle = try FileHandle(forUpdating: folder.url.appending(path: name))
    try handle.truncate(atOffset: UInt64(max(size, bytes.count)))
    try handle.close()
  }

  /// KiB that the program takes with a small picture and with a large one.
  private func peak(_ name: String) throws -> Int {
    // bash waits for one program at a time, so that the children's maximum is that of the last and largest.
    let run = try ProgramRun(
      script: """
        cd $D; "$PYTHON" - "$FIELD" infer m.onnx $NAME --format csv <<'PYTHON'
        import resource, subprocess, sys
        done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
        print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
        PYTHON
        """, ["D": folder.url.path, "NAME": name, "PYTHON": "python3"])
    let numbers = run.output.split(separator: " ").compactMap {
      Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
    }
    try #require(numbers.count == 2 && numbers[0] == 0, "\(run.output) \(run.error)")
    return numbers[1]
  }

  /// Texts of 26 MB each in 160 KB.
  @Test func textsThatUnfoldAreNotKept() throws {
    try PNGFile.write(Picture(width: 9, height: 9), to: folder.path("small.png"))
    let texts = [[UInt8]](repeating: RawPNG.textBomb(matches: 100_000), count: 20).joined()
    try folder.write(RawPNG.grey8(width: 9, height: 9, extra: Array(texts)), to: "bomb.png")
    let (small, bomb) = (try peak("small.png"), try peak("bomb.png"))
    #expect(bomb - small < 32 << 10, "\(bomb) and \(small) KiB")
  }

  @Test(arguments: [(4000, 3000), (8192, 6144)])
  func takeAtMostTwiceTheirPixels(_ width: Int, _ height: Int) throws {
    try PNGFile.write(Picture(width: 9, height: 9), to: folder.path("small.png"))
    let pixels = width * height * 3
    try file("a.jpg", try jpeg(width, height), size: 0)
    try file("p.jpg", try progressive(width, height), size: 0)
    try file("a.bmp", bmp(width, height), size: 54 + pixels)
    try file("8.tif", tiff(width, height, bits: 8), size: 512 + pixels)
    try file("16.tif", tiff(width, height, bits: 16), size: 512 + 2 * pixels)
    try folder.write(RawPNG.grey8(width: width, height: height), to: "a.png")
    let small = try peak("small.png")
    for name in ["a.jpg", "p.jpg", "a.bmp", "8.tif", "a.png", "16.tif"] {
      let limit = (name == "16.tif" ? 2 : 1) * 2 * pixels / 1024
      let taken = try peak(name) - small
      #expect(taken <= limit, "\(name): \(taken) KiB")
    }
  }
}
