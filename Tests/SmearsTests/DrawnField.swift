import Foundation
import Imaging
import Smears

/// A made-up field with discs and ellipses of known places.
struct DrawnField {
  typealias Colour = (red: Double, green: Double, blue: Double)

  static let glass: Colour = (230, 235, 225)
  static let cell: Colour = (200, 140, 150)
  static let pale: Colour = (220, 203, 200)
  static let nucleus: Colour = (90, 50, 130)
  static let palePlatelet: Colour = (130, 130, 222)
  static let ink: Colour = (0, 0, 0)

  private(set) var picture: Picture
  private(set) var boxes: [PixelBox] = []

  init(width: Int, height: Int, glass: Colour = DrawnField.glass) {
    picture = Picture(width: width, height: height)
    for index in 0..<(width * height) { set(index, glass) }
  }

  private mutating func set(_ index: Int, _ colour: Colour) {
    picture.pixels[3 * index] = UInt8(min(max(colour.red, 0), 255))
    picture.pixels[3 * index + 1] = UInt8(min(max(colour.green, 0), 255))
    picture.pixels[3 * index + 2] = UInt8(min(max(colour.blue, 0), 255))
  }

  /// An ellipse with a soft edge, one pixel wide; `pale` is how much of the colour its centre lacks.
  mutating func draw(
    x: Double, y: Double, across: Double, down: Double, _ colour: Colour = DrawnField.cell, pale: Double = 0
  ) {
    boxes.append(
      PixelBox(
        x: Int((x - across / 2).rounded()), y: Int((y - down / 2).rounded()), width: Int(across.rounded()),
        height: Int(down.rounded())))
    for row in max(Int(y - down), 0)..<min(Int(y + down), picture.height) {
      for column in max(Int(x - across), 0)..<min(Int(x + across), picture.width) {
        let (u, v) = ((Double(column) + 0.5 - x) / (across / 2), (Double(row) + 0.5 - y) / (down / 2))
        let r = (u * u + v * v).squareRoot()
        var share = min(max((1 - r) * across / 2 + 0.5, 0), 1)
        if r < 0.4 { share *= 1 - pale }
        if share == 0 { continue }
        let index = row * picture.width + column
        func mixed(_ channel: Int, _ value: Double) -> Double {
          Double(picture.pixels[3 * index + channel]) * (1 - share) + value * share
        }
        set(index, (mixed(0, colour.red), mixed(1, colour.green), mixed(2, colour.blue)))
      }
    }
  }

  /// An ellipse of glass.
  mutating func erase(x: Double, y: Double, across: Double, down: Double) {
    draw(x: x, y: y, across: across, down: down, DrawnField.glass)
    boxes.removeLast()
  }

  /// An ellipse that light passes through as through a cell: where two of them lie on each other it is darker.
  mutating func lay(x: Double, y: Double, across: Double, down: Double) {
    var layer = DrawnField(width: picture.width, height: picture.height)
    layer.draw(x: x, y: y, across: across, down: down)
    boxes += layer.boxes
    let light = [DrawnField.glass.red, DrawnField.glass.green, DrawnField.glass.blue]
    for index in 0..<picture.pixels.count {
      picture.pixels[index] = UInt8(
        Double(picture.pixels[index]) * Double(layer.picture.pixels[index]) / light[index % 3])
    }
  }

  /// Square cells pressed together in a block, with seams of 4 pixels between them that are a little lighter.
  mutating func press(x: Int, y: Int, side: Int, across: Int, down: Int) {
    let (glass, cell) = (DrawnField.glass, DrawnField.cell)
    func seam(_ glass: Double, _ cell: Double) -> Double { glass + (cell - glass) * 0.6 }
    let light = (seam(glass.red, cell.red), seam(glass.green, cell.green), seam(glass.blue, cell.blue))
    fill(PixelBox(x: x, y: y, width: side * across, height: side * down), cell)
    for column in 1..<across { fill(PixelBox(x: x + side * column - 2, y: y, width: 4, height: side * down), light) }
    for row in 1..<down { fill(PixelBox(x: x, y: y + side * row - 2, width: side * across, height: 4), light) }
    for row in 0..<down {
      for column in 0..<across {
        boxes.append(PixelBox(x: x + side * column, y: y + side * row, width: side, height: side))
      }
    }
  }

  /// A disc that is no cell, in a colour between glass and cells.
  mutating func stain(x: Double, y: Double, across: Double, part: Double) {
    let (glass, cell) = (DrawnField.glass, DrawnField.cell)
    let red = glass.red + (cell.red - glass.red) * part
    let green = glass.green + (cell.green - glass.green) * part
    let blue = glass.blue + (cell.blue - glass.blue) * part
    draw(x: x, y: y, across: across, down: across, (red, green, blue))
    boxes.removeLast()
  }

  /// 14 cells of 60 pixels, in one row near the top and one near the bottom of a field of 800 × 600.
  mutating func drawTwoRows() {
    for column in 0..<7 {
      draw(x: 60 + 100 * Double(column), y: 60, across: 60, down: 60)
      draw(x: 60 + 100 * Double(column), y: 540, across: 60, down: 60)
    }
  }

  mutating func fill(_ box: PixelBox, _ colour: Colour) {
    for y in box.y..<(box.y + box.height) {
      for x in box.x..<(box.x + box.width) { set(y * picture.width + x, colour) }
    }
  }

  static func direction(degrees: Double) -> (x: Double, y: Double) {
    (cos(degrees * Double.pi / 180), sin(degrees * Double.pi / 180))
  }

  /// Multiplies each pixel by what `light` gives for its place, 0 to 1 along both sides.
  mutating func shade(_ light: (Double, Double) -> Double) {
    for y in 0..<picture.height {
      for x in 0..<picture.width {
        let value = light(Double(x) / Double(picture.width), Double(y) / Double(picture.height))
        for channel in 0..<3 {
          let at = (y * picture.width + x) * 3 + channel
          picture.pixels[at] = UInt8(min(max(Double(picture.pixels[at]) * value, 0), 255))
        }
      }
    }
  }

  /// 48 cells in a grid, each of the diameter with some change from cell to cell.
  static func grid(diameter: Double, pale: Double = 0, glass: Colour = DrawnField.glass, cell: Colour = DrawnField.cell)
    -> DrawnField
  {
    let step = diameter * 1.6
    var field = DrawnField(width: Int(step * 8 + diameter), height: Int(step * 6 + diameter), glass: glass)
    for row in 0..<6 {
      for column in 0..<8 {
        let size = diameter * (0.92 + 0.02 * Double((row * 5 + column * 3) % 9))
        field.draw(
          x: diameter + Double(column) * step, y: diameter + Double(row) * step, across: size, down: size * 0.95, cell,
          pale: pale)
      }
    }
    return field
  }

  /// How many of the drawn boxes are found at an overlap of `overlap`.
  func found(_ cells: [FoundCell], overlap: Float = 0.75) -> Int {
    var count = 0
    for box in boxes where cells.contains(where: { $0.kind == .redCell && $0.box.overlap(box) >= overlap }) {
      count += 1
    }
    return count
  }
}
