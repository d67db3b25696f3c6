import Kernels
import Text

/// Resizing, bit-identical to Pillow's `Image.resize(size, Image.BILINEAR)`: a triangle filter scaled with the
/// reduction (so that it averages when shrinking), two passes, fixed-point weights of 22 bits.
///
/// Pillow's `src/libImaging/Resample.c` is the reference: models trained with torchvision saw exactly these pixels. The
/// horizontal pass comes first, as in every Pillow up to 12. Pillow 13 swaps the passes if the height shrinks more than
/// the width; the results then differ by at most 1.
struct Resampling {
  /// For each output index: the first input index, the number of inputs, and the position of their weights.
  private var first: [Int32] = []
  private var count: [Int32] = []
  private var weights: [Int32] = []
  private let stride: Int

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
        weights[output * stride + index] = Int32(0.5 + weight * Double(1 << RESAMPLE_PRECISION))
      }
      first.append(Int32(low))
      count.append(Int32(high - low))
    }
  }

  /// Resamples RGB rows of `inputWidth` pixels to rows with one pixel per set of weights.
  func horizontal(
    _ source: UnsafePointer<UInt8>, inputWidth: Int, rows: Int, into target: UnsafeMutablePointer<UInt8>
  ) {
    withTaps { u8_resample_across(kernels_level_in_use(), &$0, rows, inputWidth, source, target) }
  }

  /// Resamples rows of `rowBytes` bytes to one row per set of weights.
  func vertical(_ source: UnsafePointer<UInt8>, rowBytes: Int, into target: UnsafeMutablePointer<UInt8>) {
    withTaps { u8_resample_down(kernels_level_in_use(), &$0, rowBytes, source, target) }
  }

  private func withTaps(_ body: (inout resample_taps) -> Void) {
    first.withUnsafeBufferPointer { first in
      count.withUnsafeBufferPointer { count in
        weights.withUnsafeBufferPointer { weights in
          var taps = resample_taps(
            outputs: first.count, stride: stride, first: first.baseAddress, count: count.baseAddress,
            weights: weights.baseAddress)
          body(&taps)
        }
      }
    }
  }
}

extension Picture {
  /// Resizes like Pillow's antialiased BILINEAR. Both extents must be at least 1.
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

  /// Resizes the shorter side to `side` and the other in proportion (rounded down), like torchvision's Resize(side).
  public func resized(shorterSide side: Int) -> Picture {
    if width <= height {
      return resized(width: side, height: max(1, side * height / width))
    }
    return resized(width: max(1, side * width / height), height: side)
  }
}
