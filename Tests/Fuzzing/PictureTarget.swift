import Imaging

extension FuzzTarget {
  /// A picture of any format: the first bytes decide. The last byte chooses how it is read.
  static let picture = FuzzTarget(name: "picture") { bytes in
    let choice = Int(bytes.last ?? 0)
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
