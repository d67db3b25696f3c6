import Text

/// Puts the pixels of a BMP file where they belong.
struct BMPRows {
  private let header: BMPHeader
  private let target: PixelTarget

  init(_ header: BMPHeader, _ target: PixelTarget) { (self.header, self.target) = (header, target) }

  /// Where the pixels of the file's row `row` go.
  private func place(_ row: Int) -> UnsafeMutablePointer<UInt8> {
    target.first + (header.isTopDown ? row : header.height - 1 - row) * target.rowStep
  }

  /// - Parameter bytes: ``BMPHeader/rowBytes`` bytes.
  func fill(_ row: Int, _ bytes: UnsafeRawBufferPointer) throws(PictureFault) {
    var place = self.place(row)
    switch header.coding {
    case .fields(let fields):
      let isLong = header.bits == 32
      for x in 0..<header.width {
        let at = x * (isLong ? 4 : 2)
        var pixel = Int(bytes[at]) | Int(bytes[at + 1]) << 8
        if isLong { pixel |= Int(bytes[at + 2]) << 16 | Int(bytes[at + 3]) << 24 }
        for channel in 0..<3 { place[channel] = fields[channel].byte(pixel) }
        place += 3
      }
    case .plain where header.bits == 24:
      for x in 0..<header.width {
        (place[0], place[1], place[2]) = (bytes[3 * x + 2], bytes[3 * x + 1], bytes[3 * x])
        place += 3
      }
    case .plain, .runs:
      let (bits, perByte) = (header.bits, 8 / header.bits)
      for x in 0..<header.width {
        let shift = 8 - bits - x % perByte * bits
        try color(Int(bytes[x / perByte]) >> shift & (1 << bits - 1), place)
        place += 3
      }
    }
  }

  private func color(_ index: Int, _ place: UnsafeMutablePointer<UInt8>) throws(PictureFault) {
    guard 3 * index < header.palette.count else { throw .damaged("a colour that its palette lacks") }
    for channel in 0..<3 { place[channel] = header.palette[3 * index + channel] }
  }

  /// Runs of one byte (two pixels of 4 bits), literal bytes, jumps. Pixels that are jumped over have colour 0.
  ///
  /// - Parameter file: the whole file.
  func fillRuns(_ file: Bytes) throws(PictureFault) {
    for row in 0..<header.height {
      var place = self.place(row)
      for _ in 0..<header.width {
        try color(0, place)
        place += 3
      }
    }
    var (x, row, at) = (0, 0, header.offset)
    func next() throws(PictureFault) -> Int {
      guard let byte = file.byte(at) else { throw .tooShort }
      at += 1
      return byte
    }
    /// Puts the pixel `index` of a group of bytes.
    func put(_ byte: Int, _ index: Int) throws(PictureFault) {
      guard x < header.width, row < header.height else { throw .damaged("a run leaves the picture") }
      try color(header.bits == 8 ? byte : index % 2 == 0 ? byte >> 4 : byte & 15, place(row) + 3 * x)
      x += 1
    }
    while true {
      let (count, value) = (try next(), try next())
      switch (count, value) {
      case (0, 0): (x, row) = (0, row + 1)
      case (0, 1): return
      case (0, 2):
        x += try next()
        row += try next()
      case (0, _):
        var byte = 0
        for index in 0..<value {
          if header.bits == 8 || index % 2 == 0 { byte = try next() }
          try put(byte, index)
        }
        // Literals fill whole groups of two bytes.
        let bytes = header.bits == 8 ? value : (value + 1) / 2
        if bytes % 2 == 1 { _ = try next() }
      default: for index in 0..<count { try put(value, index) }
      }
    }
  }
}
