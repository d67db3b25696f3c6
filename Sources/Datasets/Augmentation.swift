import Imaging

/// Random changes that preserve a cell's class, one after another. The caller passes the random source, so the same
/// source gives the same picture.
public struct Augmentation: Sendable {
  public var transforms: [any PictureTransform]
  /// If the prepared picture is larger than the input: crop at a random position instead of the centre.
  public var crops: Bool
  /// A fixed one of the eight orientations, for test-time augmentation. Bits as in `Picture.oriented`.
  public var orientation = 0

  public init(_ transforms: [any PictureTransform] = [], crops: Bool = false) {
    self.transforms = transforms
    self.crops = crops
  }

  /// The names for `--augment`. A new transform needs a line here.
  public static let named: [(name: String, augmentation: Augmentation)] = [
    ("none", .none),
    ("flips", .flips),
    ("cells", .flips),
    ("standard", .standard),
    ("fastai", .likeFastai),
    ("saturation", Augmentation([FastaiSaturation()])),
  ]

  public static let none = Augmentation()

  /// Mirrors and quarter turns, since a cell has no up.
  public static let flips = Augmentation([Dihedral()])

  /// Flips and, with probability 3/4, small rotations, zooms and changes of brightness and contrast: fastai's
  /// `aug_transforms` (10 degrees, 1.1, 0.2) with `flip_vert`, without its perspective warp.
  public static let standard = Augmentation([Dihedral(), TurnAndZoom(), BrightnessAndContrast()])

  /// fastai 1.0.38's `get_transforms()` with its defaults and in its order. Each transform is applied independently,
  /// with its own probability.
  public static let likeFastai = Augmentation(
    [FastaiWarp(), FastaiRotation(), FastaiZoom(), FastaiBrightness(), FastaiContrast(), FastaiMirror()], crops: true)

  /// One fixed orientation of the eight.
  public static func turned(_ orientation: Int) -> Augmentation {
    var augmentation = Augmentation()
    augmentation.orientation = orientation
    return augmentation
  }

  /// The transforms of `a`, and then those of `b`.
  public static func + (a: Augmentation, b: Augmentation) -> Augmentation {
    Augmentation(a.transforms + b.transforms, crops: a.crops || b.crops)
  }

  /// Whether no picture is changed.
  public var isNone: Bool { transforms.isEmpty && !crops && orientation == 0 }

  /// An augmented picture of the same size.
  public func apply(to picture: Picture, random: inout RandomSource) -> Picture {
    var change = PictureChange(orientation == 0 ? picture : picture.oriented(orientation))
    for transform in transforms { transform.draw(&change, random: &random) }
    return change.picture
  }
}
