import Imaging
import PictureModels

extension CellCut {
  /// The cell with its margin, at the field's scale. `Preprocessing.prepared(_:)` brings it to the model's size.
  ///
  /// Where the cut reaches beyond the picture, real surroundings repeat the picture's outermost pixels.
  public func cut(_ cell: FoundCell, from picture: Picture) -> Picture {
    let box = rectangle(around: cell.box)
    var result = Picture(width: box.width, height: box.height)
    let source = picture.pixels
    func copy(_ y: Int, _ columns: Range<Int>) {
      let row = min(max(y, 0), picture.height - 1) * picture.width
      for x in columns {
        let (from, to) = ((row + min(max(x, 0), picture.width - 1)) * 3, ((y - box.y) * box.width + x - box.x) * 3)
        result.pixels[to] = source[from]
        result.pixels[to + 1] = source[from + 1]
        result.pixels[to + 2] = source[from + 2]
      }
    }
    switch surroundings {
    case .real:
      for y in box.y..<(box.y + box.height) { copy(y, box.x..<(box.x + box.width)) }
    case .black:
      let (across, down) = (box.x..<(box.x + box.width), box.y..<(box.y + box.height))
      for y in down.clamped(to: 0..<picture.height) {
        for span in cell.outline.spans(row: y) {
          copy(y, span.clamped(to: across).clamped(to: 0..<picture.width))
        }
      }
    }
    return result
  }

  /// The rectangle of pixels that is cut; it may reach beyond the picture.
  public func rectangle(around box: PixelBox) -> PixelBox {
    let longer = max(box.width, box.height)
    let extra = Int((Float(longer) * min(max(margin, 0), 4)).rounded())
    var (width, height) = (max(box.width, 1) + 2 * extra, max(box.height, 1) + 2 * extra)
    if surroundings == .real {
      width = longer + 2 * extra
      height = width
    }
    return PixelBox(
      x: box.x - (width - box.width) / 2, y: box.y - (height - box.height) / 2, width: width, height: height)
  }
}
