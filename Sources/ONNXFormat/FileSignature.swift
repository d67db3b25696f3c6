import Text

/// Guesses from the first bytes what a file is that is not a model.
enum FileSignature {
  private static let known: [(bytes: [UInt8], name: String)] = [
    ([0x89, 0x50, 0x4E, 0x47], "a PNG picture"),
    ([0xFF, 0xD8, 0xFF], "a JPEG picture"),
    ([0x50, 0x4B, 0x03, 0x04], "a zip archive, as PyTorch's .pt and .pth are: export it to ONNX first"),
    ([0x1F, 0x8B], "a gzip archive: unpack it first"),
    ([0x7F, 0x45, 0x4C, 0x46], "a program"),
    ([0x80, 0x02], "a Python pickle: export the model to ONNX first"),
    (Array("version https://git-lfs".utf8), "a Git LFS pointer: run git lfs pull"),
    (Array("<".utf8), "a web page, or XML"),
    (Array("{".utf8), "JSON"),
  ]

  /// ` (a PNG picture?)`, or an empty string.
  static func guess(_ first: [UInt8]) -> String {
    for (bytes, name) in known where first.starts(with: bytes) { return " (\(name)?)" }
    return ""
  }
}
