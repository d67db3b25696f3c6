import Giemsa

/// A field with the outlines of its cells, and numbers at the infected ones that are counted: `--overlay`.
///
/// Colours are of Okabe and Ito's set, which colour-blind people tell apart; infected cells differ by width and number too.
enum FieldOverlay {
  /// The bytes of a PNG.
  static func png(_ picture: Picture, _ field: CountedField) throws(ImagingError) -> [UInt8] {
    // Lines are about 1/640 of the picture's width, so that they are seen when it is shown whole.
    let unit = max((max(picture.width, picture.height) + 320) / 640, 1)
    var canvas = OverlayCanvas(picture)
    for cell in field.cells where !cell.isInfected {
      canvas.draw(cell.found.outline, color(cell), width: cell.found.counted ? unit : (unit + 1) / 2)
    }
    var number = 0
    for cell in field.cells where cell.isInfected {
      canvas.draw(cell.found.outline, OverlayCanvas.black, width: 3 * unit)
      canvas.draw(cell.found.outline, color(cell), width: 2 * unit - 1)
    }
    for cell in field.cells where cell.isInfected && cell.found.counted {
      number += 1
      canvas.draw(number, at: cell.found.box, dot: 2 * unit, color(cell))
    }
    return try PNGFile.encode(canvas.picture)
  }

  private static func color(_ cell: CountedCell) -> OverlayCanvas.Color {
    if cell.isInfected { return (240, 228, 66) }  // yellow
    switch cell.found.kind {
    case .redCell: return cell.found.counted ? (0, 114, 178) : (150, 150, 150)  // blue, grey
    case .whiteCell: return (0, 0, 0)
    case .platelet: return (0, 158, 115)  // bluish green
    case .other: return (213, 94, 0)  // vermilion
    }
  }
}
