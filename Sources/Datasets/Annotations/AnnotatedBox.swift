/// A box that somebody drew around an object of a field. In pixels of the picture as displayed, (0, 0) being the upper
/// left corner of its upper left pixel.
public struct AnnotatedBox: Sendable, Equatable {
  /// What the object is called in the file: `red blood cell`.
  public var category: String
  public var x: Double
  public var y: Double
  public var width: Double
  public var height: Double

  public init(_ category: String, x: Double, y: Double, width: Double, height: Double) {
    self.category = category
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  /// Area of the intersection divided by the area of the union.
  public func overlap(_ other: AnnotatedBox) -> Double {
    let across = min(x + width, other.x + other.width) - max(x, other.x)
    let down = min(y + height, other.y + other.height) - max(y, other.y)
    guard across > 0, down > 0 else { return 0 }
    let both = across * down
    return both / (width * height + other.width * other.height - both)
  }

  /// The part that lies in the picture; nil if nothing of it does.
  func clipped(width limit: Int, height depth: Int) -> AnnotatedBox? {
    let (left, top) = (max(x, 0), max(y, 0))
    let (right, bottom) = (min(x + width, Double(limit)), min(y + height, Double(depth)))
    guard right > left, bottom > top else { return nil }
    return AnnotatedBox(category, x: left, y: top, width: right - left, height: bottom - top)
  }
}

/// The boxes of one field as a file has them.
struct AnnotatedField {
  /// The picture's name in the file; of a format with a file per field, that file's name without its suffix.
  var name: String
  /// Width and height of the picture, if the file says.
  var size: (width: Int, height: Int)?
  /// Whether the boxes are in fractions of the picture's sides.
  var isFractional = false
  var boxes: [AnnotatedBox] = []
}

/// What a reader of a box file has found.
struct AnnotatedFields {
  var fields: [AnnotatedField] = []
  /// Boxes around groups of objects (COCO's `iscrowd`), which are left out.
  var groups = 0

  /// Maximum size of a file, and of a field's own file, in bytes.
  static let fileLimit = 512 << 20
  static let fieldFileLimit = 16 << 20

  /// Why a box is no box; nil if it is one.
  static func problem(_ box: AnnotatedBox) -> String? {
    for number in [box.x, box.y, box.width, box.height] where !number.isFinite || number.magnitude > 1e7 {
      return "a box with a coordinate that is no number of pixels"
    }
    if box.width <= 0 || box.height <= 0 { return "a box without area" }
    return box.category.isEmpty ? "a box without a category" : nil
  }
}
