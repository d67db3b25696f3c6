import Foundation
import Imaging

/// One random change that preserves a cell's class. A new one is a file in this folder and a line in
/// `Augmentation.named`.
///
/// It draws from the given source only, and how much it draws does not depend on the picture, so that the same source
/// gives the same picture.
public protocol PictureTransform: Sendable {
  func draw(_ change: inout PictureChange, random: inout RandomSource)
}

/// A picture with the changes that transforms have drawn for it.
///
/// As in fastai, changes of geometry are combined to one map by which the picture is sampled once, and changes of
/// light are combined too. That is faster, and the values are rounded to bytes once.
public struct PictureChange {
  /// The initial value of ``affine``.
  private static let still: [Double] = [1, 0, 0, 0, 1, 0]

  private var current: Picture
  /// The perspective map, as given by ``FastaiWarp/perspective(_:)``; nil: the identity.
  private var perspective: [Double]?
  /// The affine map from a pixel of the result to its position in the source, in the form of fastai's `affine_mat`:
  /// [xx, xy, x, yx, yy, y], in coordinates from -1 to 1. nil: the identity.
  private var affine: [Double]?
  /// The changes of brightness and colour, in the order in which they were drawn.
  private var light: [Light] = []

  /// A change of the logits of a picture's values, which are between 0 and 1.
  private enum Light {
    /// The same function for every value, computed by a table.
    case value((Double) -> Double)
    /// A function of a pixel's red, green and blue together.
    case pixel((SIMD3<Double>) -> SIMD3<Double>)
  }

  init(_ picture: Picture) { current = picture }

  /// The picture with all changes applied: geometry first, then light.
  var picture: Picture {
    mutating get {
      settleGeometry()
      settleLight()
      return current
    }
    set {
      (perspective, affine, light) = (nil, nil, [])
      current = newValue
    }
  }

  // MARK: Geometry

  /// Moves the corners. Earlier changes of geometry are applied first, since a perspective is not affine.
  mutating func warp(_ map: [Double]) {
    settleGeometry()
    perspective = map
  }

  /// Rotates by `angle` radians about the centre.
  mutating func turn(_ angle: Double) {
    let (m, c, s) = (affine ?? PictureChange.still, cos(angle), sin(angle))
    affine = [m[0] * c + m[1] * s, m[1] * c - m[0] * s, m[2], m[3] * c + m[4] * s, m[4] * c - m[3] * s, m[5]]
  }

  /// Magnifies by `scale`. (x, y) is the centre of the part that stays in view.
  mutating func enlarge(_ scale: Double, x: Double, y: Double) {
    let m = affine ?? PictureChange.still
    affine = [
      m[0] / scale, m[1] / scale, m[0] * x + m[1] * y + m[2],
      m[3] / scale, m[4] / scale, m[3] * x + m[4] * y + m[5],
    ]
  }

  private mutating func settleGeometry() {
    guard perspective != nil || affine != nil else { return }
    current = current.sampled(
      perspective: perspective ?? [1, 0, 0, 0, 1, 0, 0, 0], affine: affine ?? PictureChange.still)
    (perspective, affine) = (nil, nil)
  }

  // MARK: Brightness and colour

  mutating func changeLight(ofValues change: @escaping (Double) -> Double) { light.append(.value(change)) }

  mutating func changeLight(ofPixels change: @escaping (SIMD3<Double>) -> SIMD3<Double>) {
    light.append(.pixel(change))
  }

  private mutating func settleLight() {
    if light.isEmpty { return }
    // Leading changes of single values are computed once for each of the 256 byte values.
    var rest = light[...]
    var logits = (0..<256).map { byte in
      let level = min(max(Double(byte) / 255, 1e-7), 1 - 1e-7)
      return log(level / (1 - level))
    }
    while case .value(let change)? = rest.first {
      for index in logits.indices { logits[index] = change(logits[index]) }
      rest.removeFirst()
    }
    var pixels = current.pixels
    if rest.isEmpty {
      let table = logits.map { PictureChange.byte(ofLogit: $0) }
      pixels = pixels.map { table[Int($0)] }
    } else {
      for pixel in stride(from: 0, to: pixels.count, by: 3) {
        var logit = SIMD3(logits[Int(pixels[pixel])], logits[Int(pixels[pixel + 1])], logits[Int(pixels[pixel + 2])])
        for step in rest {
          switch step {
          case .value(let change): for channel in 0..<3 { logit[channel] = change(logit[channel]) }
          case .pixel(let change): logit = change(logit)
          }
        }
        for channel in 0..<3 { pixels[pixel + channel] = PictureChange.byte(ofLogit: logit[channel]) }
      }
    }
    current = Picture(width: current.width, height: current.height, pixels: pixels)
    light = []
  }

  private static func byte(ofLogit logit: Double) -> UInt8 { UInt8((255 / (1 + exp(-logit))).rounded()) }
}
