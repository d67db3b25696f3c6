import Imaging

extension Picture {
  /// The `width` × `height` pixels starting at a position.
  func cut(left: Int, top: Int, width newWidth: Int, height newHeight: Int) -> Picture {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(newWidth * newHeight * 3)
    for row in top..<top + newHeight {
      let start = (row * width + left) * 3
      bytes += pixels[start..<start + newWidth * 3]
    }
    return Picture(width: newWidth, height: newHeight, pixels: bytes)
  }
}
