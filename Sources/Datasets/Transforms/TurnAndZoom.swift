import Foundation
import Imaging

/// Rotation and zoom about the centre, with bilinear sampling and reflected borders.
public struct TurnAndZoom: PictureTransform {
  /// Maximum rotation in degrees, in either direction.
  public var rotation = 10.0
  /// Maximum magnification: 1.1 zooms by 1/1.1 ... 1.1.
  public var zoom = 1.1
  public var probability = 0.75

  public init(rotation: Double = 10, zoom: Double = 1.1, probability: Double = 0.75) {
    self.rotation = rotation
    self.zoom = zoom
    self.probability = probability
  }

  public func draw(_ change: inout PictureChange, random: inout RandomSource) {
    guard random.chance(probability) else { return }
    let angle = random.uniform(-rotation...rotation) * .pi / 180
    let magnification = random.factor(logarithmWithin: log(zoom))
    change.picture = change.picture.warped(angle: angle, magnification: magnification)
  }
}

extension Picture {
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
}
