import Imaging

/// What a camera's program drew into the picture: black scale bars with their labels.
///
/// A bar is a black region that is longer than half a cell and either thin or a rectangle. Black regions near a bar are
/// its label.
struct Marks {
  /// 1 on marks and within 2 pixels of them, where their blurred edges and the white rims of letters are; else 0. Nil if
  /// the picture has no marks.
  private(set) var mask: Plane?

  init(_ cells: CellMask, diameter: Double, _ memory: FinderMemory) throws(ImagingError) {
    let (width, height) = (cells.width, cells.height)
    let bytes = try memory.marks.room(2 * width * height)
    let marks = Plane(width: width, height: height, bytes: bytes)
    let (red, green, blue) = (cells.field.red.bytes, cells.field.green.bytes, cells.field.blue.bytes)
    var count = 0
    for index in 0..<marks.count {
      let isBlack: UInt8 = max(red[index], max(green[index], blue[index])) <= Marks.black ? 1 : 0
      marks.bytes[index] = isBlack
      count &+= Int(isBlack)
    }
    if Double(count) < 0.5 * diameter { return }
    let regions = try Labels.regions(
      of: marks, value: 1, diagonal: true, numbers: memory.others, parents: memory.parents)
    let isMark = Marks.chosen(Shape.extents(regions), diameter)
    if !isMark.contains(true) { return }
    for index in 0..<marks.count { marks.bytes[index] = isMark[Int(regions.numbers[index])] ? 1 : 0 }
    widen(marks, by: 2, spare: bytes + marks.count)
    mask = marks
  }

  /// An eighth of the light.
  private static let black = UInt8(ReducedField.light / 8)

  private static func isBar(_ shape: Shape, _ diameter: Double) -> Bool {
    let (across, down) = (shape.right - shape.left, shape.bottom - shape.top)
    let (long, short) = (max(across, down), min(across, down))
    if Double(long) < 0.6 * diameter { return false }
    return long >= 4 * short || shape.area * 20 >= 17 * across * down
  }

  /// Bars, and what is near one.
  private static func chosen(_ shapes: [Shape], _ diameter: Double) -> [Bool] {
    var chosen = [Bool](repeating: false, count: shapes.count)
    let reach = Int(1.5 * diameter)
    for bar in 1..<max(shapes.count, 1) where isBar(shapes[bar], diameter) {
      let box = shapes[bar]
      for label in 1..<shapes.count {
        let shape = shapes[label]
        if shape.left > box.left - reach, shape.right < box.right + reach, shape.top > box.top - reach,
          shape.bottom < box.bottom + reach
        {
          chosen[label] = true
        }
      }
    }
    return chosen
  }
}
