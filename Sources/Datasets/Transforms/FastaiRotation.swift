/// fastai's `rotate`, about the picture's centre.
public struct FastaiRotation: PictureTransform {
  /// Maximum rotation, in either direction.
  public var degrees = 10.0
  public var probability = 0.75

  public init(degrees: Double = 10, probability: Double = 0.75) {
    self.degrees = degrees
    self.probability = probability
  }

  public func draw(_ change: inout PictureChange, random: inout RandomSource) {
    guard random.chance(probability) else { return }
    change.turn(random.uniform(-degrees...degrees) * .pi / 180)
  }
}
