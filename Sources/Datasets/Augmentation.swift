import Imaging

/// Random changes that leave a cell's class as it is, one after another. What is drawn from is given by the caller, so
/// the same source gives the same picture.
public struct Augmentation: Sendable {
  public var transforms: [any PictureTransform]
  /// Where a picture is larger than what is taken of it: any part of it, not the middle.
  public var crops: Bool
  /// Bits as in `Picture.oriented`: one of the eight orientations, always, for looking at a picture from all sides.
  public var orientation = 0

  public init(_ transforms: [any PictureTransform] = [], crops: Bool = false) {
    self.transforms = transforms
    self.crops = crops
  }

  /// What `--augment` can name. A new transform gets a line here.
  public static let named: [(name: String, augmentation: Augmentation)] = [
    ("none", .none),
    ("flips", .flips),
    ("cells", .flips),
    ("standard", .standard),
    ("fastai", .likeFastai),
    ("saturation", Augmentation([FastaiSaturation()])),
  ]

  public static let none = Augmentation()

  /// Mirrors and quarter turns: a cell has no upside.
  public static let flips = Augmentation([Dihedral()])

  /// Flips and, in three pictures of four, small turns, zooms and changes of light: fastai's `aug_transforms`
  /// (10 degrees, 1.1, 0.2) with `flip_vert`, without its perspective warp.
  public static let standard = Augmentation([Dihedral(), TurnAndZoom(), BrightnessAndContrast()])

  /// fastai 1.0.38's `get_transforms()` as it stands, with its defaults and in its order. Each happens or not by
  /// itself.
  public static let likeFastai = Augmentation(
    [FastaiWarp(), FastaiRotation(), FastaiZoom(), FastaiBrightness(), FastaiContrast(), FastaiMirror()], crops: true)

  /// One fixed orientation of the eight.
  public static func turned(_ orientation: Int) -> Augmentation {
    var augmentation = Augmentation()
    augmentation.orientation = orientation
    return augmentation
  }

  /// This one's changes, and then the other's.
  public static func + (a: Augmentation, b: Augmentation) -> Augmentation {
    Augmentation(a.transforms + b.transforms, crops: a.crops || b.crops)
  }

  /// Whether it leaves every picture as it is.
  public var isNone: Bool { transforms.isEmpty && !crops && orientation == 0 }

  /// A changed picture of the same size.
  public func apply(to picture: Picture, random: inout RandomSource) -> Picture {
    var change = PictureChange(orientation == 0 ? picture : picture.oriented(orientation))
    for transform in transforms { transform.draw(&change, random: &random) }
    return change.picture
  }
}
