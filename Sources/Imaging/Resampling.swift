/// Resizing, bit for bit as Pillow's `Image.resize(size, Image.BILINEAR)` does it: a triangle filter as wide as the
/// reduction (so it averages when it makes smaller), two passes, fixed-point weights of 22 bits.
///
/// Pillow's `src/libImaging/Resample.c` is the definition; models trained on torchvision's pictures saw exactly this.
/// The pass across comes first, as in every Pillow up to 12. Pillow 13 swaps the passes where the height shrinks more
/// than the width; the results then differ by at most 1.
struct Resampling {
  /// For each output index the first input index, how many there are, and where their weights start.
  private var first: [Int32] = []
  private var count: [Int32] = []
  private var weights: [Int32] = []
  private let stride: Int

  /// 32 bits less 8 for the value and 2 for the sum's headroom.
  private static let precision: Int32 = 22

  init(from inputSize: Int, to outputSize: Int) {
    let scale = Double(inputSize) / Double(outputSize)
    let support = max(scale, 1)
    stride = Int(support.rounded(.up)) * 2 + 1
    first.reserveCapacity(outputSize)
    count.reserveCapacity(outputSize)
    weights = [Int32](repeating: 0, count: outputSize * stride)
    var exact = [Double](repeating: 0, count: stride)
    for output in 0..<outputSize {
      let center = (Double(output) + 0.5) * scale
      let low = max(0, Int(center - support + 0.5))
      let high = min(inputSize, Int(center + support + 0.5))
      var sum = 0.0
      for index in 0..<(high - low) {
        let distance = ((Double(index + low) - center + 0.5) * (1 / support)).magnitude
        exact[index] = distance < 1 ? 1 - distance : 0
        sum += exact[index]
      }
      for index in 0..<(high - low) {
        let weight = sum != 0 ? exact[index] / sum : exact[index]
        weights[output * stride + index] = Int32(0.5 + weight * Double(1 << Self.precision))
      }
      first.append(Int32(low))
      count.append(Int32(high - low))
    }
  }

  @inline(__always)
  private static func rounded(_ sum: Int32) -> UInt8 { UInt8(truncatingIfNeeded: max(0, min(255, sum >> precision))) }

  /// RGB rows of `inputWidth` pixels to rows of as many as there are weights.
  func horizontal(
    _ source: UnsafePointer<UInt8>, inputWidth: Int, rows: Int, into target: UnsafeMutablePointer<UInt8>
  ) {
    let outputWidth = first.count
    first.withUnsafeBufferPointer { first in
      count.withUnsafeBufferPointer { count in
        weights.withUnsafeBufferPointer { weights in
          for y in 0..<rows {
            let row = source + y * inputWidth * 3
            var out = target + y * outputWidth * 3
            for x in 0..<outputWidth {
              var (r, g, b) = (Int32(1) << 21, Int32(1) << 21, Int32(1) << 21)
              var pixel = row + Int(first[x]) * 3
              for index in (x * stride)..<(x * stride + Int(count[x])) {
                let weight = weights[index]
                r &+= Int32(pixel[0]) &* weight
                g &+= Int32(pixel[1]) &* weight
                b &+= Int32(pixel[2]) &* weight
                pixel += 3
              }
              out[0] = Self.rounded(r)
              out[1] = Self.rounded(g)
              out[2] = Self.rounded(b)
              out += 3
            }
          }
        }
      }
    }
  }

  /// Rows of `rowBytes` bytes to as many rows as there are weights.
  func vertical(_ source: UnsafePointer<UInt8>, rowBytes: Int, into target: UnsafeMutablePointer<UInt8>) {
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: rowBytes) { sums in
      for y in 0..<first.count {
        for index in 0..<rowBytes { sums[index] = 1 << 21 }
        for tap in 0..<Int(count[y]) {
          let weight = weights[y * stride + tap]
          let row = source + (Int(first[y]) + tap) * rowBytes
          for index in 0..<rowBytes { sums[index] &+= Int32(row[index]) &* weight }
        }
        let out = target + y * rowBytes
        for index in 0..<rowBytes { out[index] = Self.rounded(sums[index]) }
      }
    }
  }
}

extension Picture {
  /// Resized as Pillow's antialiased BILINEAR does it. Both extents must be at least 1.
  public func resized(width newWidth: Int, height newHeight: Int) -> Picture {
    precondition(newWidth > 0 && newHeight > 0, "a picture has at least one pixel")
    var result = self
    if newWidth != width {
      let weights = Resampling(from: width, to: newWidth)
      var target = [UInt8](repeating: 0, count: newWidth * height * 3)
      result.pixels.withUnsafeBufferPointer { source in
        target.withUnsafeMutableBufferPointer { target in
          if let from = source.baseAddress, let to = target.baseAddress {
            weights.horizontal(from, inputWidth: width, rows: height, into: to)
          }
        }
      }
      result = Picture(width: newWidth, height: height, pixels: target)
    }
    if newHeight != height {
      let weights = Resampling(from: height, to: newHeight)
      var target = [UInt8](repeating: 0, count: newWidth * newHeight * 3)
      result.pixels.withUnsafeBufferPointer { source in
        target.withUnsafeMutableBufferPointer { target in
          if let from = source.baseAddress, let to = target.baseAddress {
            weights.vertical(from, rowBytes: newWidth * 3, into: to)
          }
        }
      }
      result = Picture(width: newWidth, height: newHeight, pixels: target)
    }
    return result
  }

  /// The shorter side resized to `side`, the other in proportion (rounded down), as torchvision's Resize(side) does.
  public func resized(shorterSide side: Int) -> Picture {
    if width <= height {
      return resized(width: side, height: max(1, side * height / width))
    }
    return resized(width: max(1, side * width / height), height: side)
  }
}
