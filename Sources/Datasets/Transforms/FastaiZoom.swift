/// fastai's `zoom`, about a random point.
public struct FastaiZoom: PictureTransform {
  /// Maximum zoom.
  public var most = 1.1
  public var probability = 0.75

  public init(most: Double = 1.1, probability: Double = 0.75) {
    self.most = most
    self.probability = probability
  }

  public func draw(_ change: inout PictureChange, random: inout RandomSource) {
    guard random.chance(probability) else { return }
    let scale = random.uniform(1...most)
    let shift = 1 - 1 / scale
    let (y, x) = (shift * (2 * random.uniform() - 1), shift * (2 * random.uniform() - 1))
    change.enlarge(scale, x: x, y: y)
  }
}
