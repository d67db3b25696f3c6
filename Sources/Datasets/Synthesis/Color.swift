import Foundation

/// Red, green, blue in 0...1.
typealias Color = SIMD3<Float>

extension [Color] {
  /// Blurs rows of pixels: Gaussian, in two passes; the border repeats.
  mutating func blur(width: Int, height: Int, _ sigma: Float) {
    guard sigma > 0.05 else { return }
    let reach = Swift.max(1, Int((sigma * 3).rounded(.up)))
    var weights = (-reach...reach).map { exp(-Float($0 * $0) / (2 * sigma * sigma)) }
    let sum = weights.reduce(0, +)
    weights = weights.map { $0 / sum }
    var line: [Color] = []
    func blurLine(_ start: Int, _ step: Int, _ count: Int) {
      line.removeAll(keepingCapacity: true)
      for index in 0..<count { line.append(self[start + index * step]) }
      for index in 0..<count {
        var color = Color()
        for tap in -reach...reach {
          color += line[Swift.min(Swift.max(index + tap, 0), count - 1)] * weights[tap + reach]
        }
        self[start + index * step] = color
      }
    }
    for row in 0..<height { blurLine(row * width, 1, width) }
    for column in 0..<width { blurLine(column, width, height) }
  }
}
