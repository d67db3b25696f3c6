/// fastai's `flip_lr`.
public struct FastaiMirror: PictureTransform {
  public var probability = 0.5

  public init(probability: Double = 0.5) { self.probability = probability }

  public func draw(_ change: inout PictureChange, random: inout RandomSource) {
    if random.chance(probability) { change.picture = change.picture.oriented(1) }
  }
}
