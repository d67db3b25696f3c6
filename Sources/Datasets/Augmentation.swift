import Foundation
import Imaging
import ModelGraph
import PictureModels

/// Random changes that preserve a cell's class. The caller passes the random source, so the same source gives the same
/// picture.
public struct Augmentation: Sendable, Equatable {
  /// Mirrors and quarter turns: one of the eight orientations, equally likely (one of four if the picture is not
  /// square).
  public var dihedral = false
  /// A fixed one of the eight orientations, for test-time augmentation.
  public var orientation = 0
  /// If the prepared picture is larger than the input: crop at a random position instead of the centre.
  public var crops = false
  /// fastai's transforms, if used.
  public var fastai: FastaiTransforms?
  /// Probability of rotation and zoom, about the centre, with bilinear sampling and reflected borders.
  public var warpProbability = 0.0
  /// Maximum rotation in degrees, in either direction.
  public var rotation = 0.0
  /// Maximum magnification: 1.1 zooms by 1/1.1 ... 1.1.
  public var zoom = 1.0
  /// Probability of a change of brightness and contrast.
  public var lightProbability = 0.0
  /// Maximum relative change of brightness.
  public var brightness = 0.0
  /// Maximum relative change of contrast, about the picture's mean.
  public var contrast = 0.0

  public init() {}

  public static let none = Augmentation()

  /// Mirrors and quarter turns, since a cell has no up.
  public static let flips = {
    var augmentation = Augmentation()
    augmentation.dihedral = true
    return augmentation
  }()

  /// Flips and, with probability 3/4, small rotations, zooms and changes of brightness and contrast: fastai's
  /// `aug_transforms` (10 degrees, 1.1, 0.2) with `flip_vert`, without its perspective warp.
  public static let standard = {
    var augmentation = Augmentation.flips
    augmentation.warpProbability = 0.75
    augmentation.rotation = 10
    augmentation.zoom = 1.1
    augmentation.lightProbability = 0.75
    augmentation.brightness = 0.2
    augmentation.contrast = 0.2
    return augmentation
  }()

  /// fastai 1.0.38's `get_transforms()`.
  public static let likeFastai = {
    var augmentation = Augmentation()
    augmentation.crops = true
    augmentation.fastai = FastaiTransforms()
    return augmentation
  }()

  /// One fixed orientation of the eight.
  public static func turned(_ orientation: Int) -> Augmentation {
    var augmentation = Augmentation()
    augmentation.orientation = orientation
    return augmentation
  }

  /// An augmented picture of the same size.
  public func apply(to picture: Picture, random: inout RandomSource) -> Picture {
    var result = orientation == 0 ? picture : picture.oriented(orientation)
    if let fastai { result = fastai.apply(to: result, random: &random) }
    if dihedral {
      let square = picture.width == picture.height
      result = result.oriented(random.index(below: 8) & (square ? 7 : 3))
    }
    if warpProbability > 0, random.chance(warpProbability) {
      let angle = random.uniform(-rotation...rotation) * .pi / 180
      let magnification = exp(random.uniform(-log(zoom)...log(zoom)))
      result = result.warped(angle: angle, magnification: magnification)
    }
    if lightProbability > 0, random.chance(lightProbability) {
      let gain = 1 + random.uniform(-brightness...brightness)
      let spread = 1 + random.uniform(-contrast...contrast)
      result = result.lit(gain: gain, spread: spread)
    }
    return result
  }
}

extension Picture {
  /// Bit 0: swap left and right; bit 1: swap top and bottom; bit 2: transpose (square pictures only).
  func oriented(_ way: Int) -> Picture {
    if way == 0 { return self }
    var result = self
    let (w, h) = (width, height)
    pixels.withUnsafeBufferPointer { source in
      result.pixels.withUnsafeMutableBufferPointer { target in
        var out = 0
        for y in 0..<h {
          for x in 0..<w {
            var (sx, sy) = way & 4 != 0 ? (y, x) : (x, y)
            if way & 1 != 0 { sx = w - 1 - sx }
            if way & 2 != 0 { sy = h - 1 - sy }
            let at = (sy * w + sx) * 3
            target[out] = source[at]
            target[out + 1] = source[at + 1]
            target[out + 2] = source[at + 2]
            out += 3
          }
        }
      }
    }
    return result
  }

  /// Rotates by `angle` radians and magnifies about the centre.
  func warped(angle: Double, magnification: Double) -> Picture {
    var result = self
    let (w, h) = (width, height)
    let (cosine, sine) = (Float(cos(angle) / magnification), Float(sin(angle) / magnification))
    let (centerX, centerY) = (Float(w - 1) / 2, Float(h - 1) / 2)
    pixels.withUnsafeBufferPointer { source in
      result.pixels.withUnsafeMutableBufferPointer { target in
        for y in 0..<h {
          for x in 0..<w {
            let (dx, dy) = (Float(x) - centerX, Float(y) - centerY)
            let fromX = cosine * dx + sine * dy + centerX
            let fromY = cosine * dy - sine * dx + centerY
            let (floorX, floorY) = (fromX.rounded(.down), fromY.rounded(.down))
            let (fx, fy) = (fromX - floorX, fromY - floorY)
            let (x0, x1) = (Picture.reflected(Int(floorX), w), Picture.reflected(Int(floorX) + 1, w))
            let (y0, y1) = (Picture.reflected(Int(floorY), h) * w, Picture.reflected(Int(floorY) + 1, h) * w)
            for channel in 0..<3 {
              let top = Float(source[(y0 + x0) * 3 + channel]) * (1 - fx) + Float(source[(y0 + x1) * 3 + channel]) * fx
              let low = Float(source[(y1 + x0) * 3 + channel]) * (1 - fx) + Float(source[(y1 + x1) * 3 + channel]) * fx
              target[(y * w + x) * 3 + channel] = UInt8(top * (1 - fy) + low * fy + 0.5)
            }
          }
        }
      }
    }
    return result
  }

  /// Multiplies the values by `gain`, then scales their distance from the picture's mean by `spread`; the black around
  /// a cell stays black.
  func lit(gain: Double, spread: Double) -> Picture {
    let mean = Double(pixels.reduce(0) { $0 + Int($1) }) / Double(pixels.count) * gain
    let table = (0..<256).map { UInt8(min(max((Double($0) * gain - mean) * spread + mean, 0), 255).rounded()) }
    var result = self
    for pixel in stride(from: 0, to: pixels.count, by: 3)
    where ModelMetadata.Centering.isCell(pixels[pixel], pixels[pixel + 1], pixels[pixel + 2]) {
      for channel in pixel..<pixel + 3 { result.pixels[channel] = table[Int(pixels[channel])] }
    }
    return result
  }
}
