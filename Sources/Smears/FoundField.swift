import Text

/// The cells of one thin-film field.
public struct FoundField: Sendable {
  /// All found cells, from top to bottom and from left to right by the upper left corners of their boxes.
  public var cells: [FoundCell] = []
  /// Diameter of a typical red cell in pixels of the picture: that of the circle with its area. 0 if none was found.
  public var typicalDiameter: Float = 0
  /// The part of the picture in which the counting frame counts without bias, or nil if the picture is too small for one.
  public var frame: PixelBox?
  public var notes: [FieldNote] = []

  public init() {}

  /// Number of counted cells of a kind.
  public func counted(_ kind: CellKind) -> Int {
    var count = 0
    for cell in cells where cell.counted && cell.kind == kind { count += 1 }
    return count
  }
}

/// One found cell.
public struct FoundCell: Sendable {
  /// The smallest box that holds the outline, in pixels of the picture.
  public var box: PixelBox
  public var kind: CellKind
  /// Whether the counting frame counts the cell. It is complete then, and no border cuts it.
  public var counted: Bool
  /// Whether the picture's border, or that of the microscope's field of view, cuts the cell.
  public var isCut: Bool
  public var outline: CellOutline
  /// Area within the outline in square pixels of the picture.
  public var area: Float

  package init(box: PixelBox, kind: CellKind, counted: Bool, isCut: Bool, outline: CellOutline, area: Float) {
    self.box = box
    self.kind = kind
    self.counted = counted
    self.isCut = isCut
    self.outline = outline
    self.area = area
  }
}

public enum CellKind: Sendable, Equatable {
  case redCell
  case whiteCell
  case platelet
  /// Stain, dirt, a scale bar: no cell.
  case other

  /// `red cell`, `white cell`, `platelet` or `other`, as written to JSON lines.
  public var name: String {
    switch self {
    case .redCell: "red cell"
    case .whiteCell: "white cell"
    case .platelet: "platelet"
    case .other: "other"
    }
  }
}

/// A rectangle of whole pixels; pixel (0, 0) is the picture's upper left one.
public struct PixelBox: Sendable, Equatable {
  public var x: Int
  public var y: Int
  public var width: Int
  public var height: Int

  public init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  /// Area of the intersection divided by the area of the union.
  public func overlap(_ other: PixelBox) -> Float {
    let across = min(x + width, other.x + other.width) - max(x, other.x)
    let down = min(y + height, other.y + other.height) - max(y, other.y)
    if across <= 0 || down <= 0 { return 0 }
    let both = across * down
    return Float(both) / Float(width * height + other.width * other.height - both)
  }
}

/// What a person who reads the numbers should know of a field.
public enum FieldNote: Sendable, Equatable {
  /// No red cell was found.
  case noCells
  /// The cells that were found have the wrong size for red cells: their typical diameter in micrometres by the given
  /// pixel size.
  case unlikelySize(micrometres: Float)
}
