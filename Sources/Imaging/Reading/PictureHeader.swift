/// What a file says of its picture before the pixels.
struct PictureHeader {
  /// Extents in the file.
  let stored: (width: Int, height: Int)
  /// Extents of the decoded pixels before they are turned: smaller than `stored` by ``reduction``.
  var decoded: (width: Int, height: Int)
  /// Pixels of the file that become one, along each axis.
  var reduction = 1
  var orientation = Orientation.upright
  /// As stored, not as displayed.
  var resolution: Resolution?
  var notes: [PictureNote] = []
  /// Temporary memory of the decoder beside the pixels and the file.
  var workingBytes = 0

  init(width: Int, height: Int) {
    stored = (width, height)
    decoded = stored
  }

  var displayed: (width: Int, height: Int) {
    orientation.isTurned ? (decoded.height, decoded.width) : decoded
  }
}

/// Pixels per metre of a displayed picture.
public struct Resolution: Sendable, Equatable {
  /// Along a row.
  public let horizontal: Double
  /// Along a column.
  public let vertical: Double

  /// nil unless both are positive and finite.
  init?(horizontal: Double, vertical: Double) {
    guard horizontal > 0, vertical > 0, horizontal < .infinity, vertical < .infinity else { return nil }
    (self.horizontal, self.vertical) = (horizontal, vertical)
  }

  /// For pixels per inch.
  init?(perInch horizontal: Double, _ vertical: Double) {
    self.init(horizontal: horizontal / 0.0254, vertical: vertical / 0.0254)
  }

  /// For pixels per centimetre.
  init?(perCentimetre horizontal: Double, _ vertical: Double) {
    self.init(horizontal: horizontal * 100, vertical: vertical * 100)
  }

  func displayed(_ orientation: Orientation) -> Resolution? {
    orientation.isTurned ? Resolution(horizontal: vertical, vertical: horizontal) : self
  }
}
