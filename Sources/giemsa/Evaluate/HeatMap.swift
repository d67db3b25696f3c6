import Imaging
import ModelGraph
import Training

/// Overlays a class activation map on the picture that it was computed from.
enum HeatMap {
  /// matplotlib's viridis at five positions: dark violet through green to yellow, perceptually uniform and
  /// distinguishable with colour blindness.
  private static let colors: [[Float]] = [
    [68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37],
  ]

  static func over(_ picture: Picture, _ map: TrainingNetwork.ClassActivation) -> Picture {
    var result = picture
    var heats: [Float] = []
    for y in 0..<picture.height {
      for x in 0..<picture.width {
        heats.append(
          value(map, (Float(x) + 0.5) / Float(picture.width), (Float(y) + 0.5) / Float(picture.height)))
      }
    }
    let most = max(heats.max() ?? 0, 1e-12)
    for y in 0..<picture.height {
      for x in 0..<picture.width {
        let place = heats[y * picture.width + x] / most * Float(colors.count - 1)
        let low = min(max(Int(saturating: place), 0), colors.count - 2)
        let share = place - Float(low)
        for channel in 0..<3 {
          let color = colors[low][channel] * (1 - share) + colors[low + 1][channel] * share
          let index = (y * picture.width + x) * 3 + channel
          result.pixels[index] = UInt8(
            saturating: (Float(picture.pixels[index]) * 0.45 + color * 0.55).rounded())
        }
      }
    }
    return result
  }

  /// The map's value at a position from 0 to 1, interpolated by cubic B-splines; linear interpolation would show the
  /// map's cell borders.
  private static func value(_ map: TrainingNetwork.ClassActivation, _ x: Float, _ y: Float) -> Float {
    let (across, down) = (weights(x, map.columns), weights(y, map.rows))
    var sum: Float = 0
    for (row, high) in down {
      for (column, wide) in across { sum += high * wide * map.values[row * map.columns + column] }
    }
    return sum
  }

  /// The four cells that contribute at a position from 0 to 1 along an axis, with their weights. Border cells are
  /// repeated beyond the border.
  private static func weights(_ share: Float, _ count: Int) -> [(cell: Int, weight: Float)] {
    let place = share * Float(count) - 0.5
    let first = place.rounded(.down)
    let t = place - first
    let weights = [
      (1 - t) * (1 - t) * (1 - t), 3 * t * t * t - 6 * t * t + 4, -3 * t * t * t + 3 * t * t + 3 * t + 1, t * t * t,
    ]
    return weights.enumerated().map { (min(max(Int(first) - 1 + $0, 0), count - 1), $1 / 6) }
  }
}
