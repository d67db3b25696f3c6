import Imaging
import Testing

/// What a file is, its first bytes tell.
@Suite struct RecognitionTests {
  @Test(
    arguments: [
      (Array("....ftypheic".utf8), "x.png: HEIC is not read here. Convert it to JPEG: heif-convert a.heic a.jpg"),
      (Array("GIF89a".utf8), "x.png: GIF is not read here. Convert it to PNG"),
      (
        [0x89, 0x50, 0x4E, 0x47, 0x0A, 0x1A],
        "x.png: a PNG damaged by a transfer as text is not read here. Copy it again"
      ),
      ([1, 2], "x.png: not a picture that is read here: PNG, JPEG"),
      (Array("%PDF-1.7".utf8), "(starts with 25 50 44: a PDF?). Convert it, or leave it out."),
      (Array("BMore text".utf8), "(starts with 42 4d 6f)"),
      ([], "x.png: empty file"),
      ([0xFF, 0xD8, 0xFF, 0xE0], "x.png: damaged JPEG (the file ends too early). Copy or export it again"),
    ] as [([UInt8], String)])
  func whatItIs(_ bytes: [UInt8], _ message: String) {
    let complaint = PictureFixtures.complaint(bytes)
    #expect(complaint.contains(message), "\(complaint)")
  }
}
