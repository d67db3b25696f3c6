import Imaging
import PictureModels

extension CellCut {
  /// The cell with its margin, at the field's scale. `Preprocessing.prepared(_:)` brings it to the model's size.
  ///
  /// Where the cut reaches beyond the picture, real surroundings repeat the picture's outermost pixels.
  public func cut(_ cell: FoundCell, from picture: Picture) -> Picture {
    let box = rectangle(around: cell.box)
    var result = [UInt8](repeating: 0, count: box.width * box.height * 3)
    /// Columns of the picture's row nearest to `y`; columns beyond it repeat its outermost pixel.
    func copy(_ y: Int, _ columns: Range<Int>) {
      let inside = columns.clamped(to: 0..<picture.width)
      let row = min(max(y, 0), picture.height - 1) * picture.width * 3
      let target = ((y - box.y) * box.width - box.x) * 3
      picture.pixels.withUnsafeBufferPointer { source in
        result.withUnsafeMutableBufferPointer { result in
          guard let source = source.baseAddress, let result = result.baseAddress else { return }
          (result + target + 3 * inside.lowerBound).update(
            from: source + row + 3 * inside.lowerBound, count: 3 * inside.count)
          func fill(_ columns: Range<Int>, from x: Int) {
            for column in columns { (result + target + 3 * column).update(from: source + row + 3 * x, count: 3) }
          }
          fill(columns.clamped(to: columns.lowerBound..<max(0, columns.lowerBound)), from: 0)
          fill(
            columns.clamped(to: min(picture.width, columns.upperBound)..<columns.upperBound), from: picture.width - 1)
        }
      }
    }
    switch surroundings {
    case .real:
      for y in box.y..<(box.y + box.height) { copy(y, box.x..<(box.x + box.width)) }
    case .black:
      let (across, down) = (box.x..<(box.x + box.width), box.y..<(box.y + box.height))
      cell.outline.forEachSpan(
        rows: down.clamped(to: 0..<picture.height), columns: across.clamped(to: 0..<picture.width), copy)
    }
    return Picture(width: box.width, height: box.height, pixels: result)
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
