import Foundation
import Imaging

/// What all fields of one drawn slide share.
struct FilmStyle {
  let stain: SlideStain
  /// A typical red cell's radius in pixels.
  let radius: Float
  /// Fraction of the red cells that are infected.
  let parasitaemia: Double
  /// Fraction of the field that cells would cover if they did not overlap.
  let density: Double
  /// Fraction of the cells that lie against another one.
  let clumping: Double
  /// Light where no cell is, its loss towards the corners, and its tilt across the field.
  let light: Color
  let shade: Float
  let tilt: (x: Float, y: Float)
  /// Whether the microscope's round field of view shows, and whether a scale bar is burned in.
  let isRound: Bool
  let hasScaleBar: Bool

  init(height: Int, parasitaemia: Double, random: inout RandomSource) {
    stain = SlideStain(random: &random)
    radius = Float(height) * Float(random.uniform(0.036...0.048))
    self.parasitaemia = parasitaemia
    density = random.uniform(0.22...0.45)
    clumping = random.uniform(0.1...0.4)
    light = Color(0.93, 0.92, 0.94) + SlideStain.jitter(0.03, &random)
    shade = Float(random.uniform(0.02...0.22))
    tilt = (Float(random.uniform(-0.08...0.08)), Float(random.uniform(-0.08...0.08)))
    isRound = random.chance(0.2)
    hasScaleBar = random.chance(0.25)
  }
}

/// Draws one field of a thin film.
struct FieldPainter {
  private let style: FilmStyle
  private var canvas: FieldCanvas
  private var random: RandomSource
  private var objects: [DrawnObject] = []
  /// Middles and radii of the cells so far.
  private var places: [(x: Float, y: Float, radius: Float)] = []

  init(width: Int, height: Int, style: FilmStyle, random: RandomSource) {
    self.style = style
    self.random = random
    canvas = FieldCanvas(width: width, height: height, style.light)
  }

  private var extent: (x: Float, y: Float) { (Float(canvas.width), Float(canvas.height)) }

  mutating func paint() -> (picture: Picture, objects: [DrawnObject]) {
    for _ in 0..<(random.chance(0.35) ? 1 + random.index(below: 2) : 0) { paintWhiteCell() }
    let cells = style.density * Double(extent.x * extent.y) / Double(.pi * style.radius * style.radius)
    for _ in 0..<Int(cells * random.uniform(0.8...1.2)) { paintRedCell() }
    for _ in 0..<random.index(below: 8) { paintPlatelet() }
    for _ in 0..<random.index(below: 10) { paintDirt() }
    shadeLight()
    canvas.blur(style.stain.blur * 2 * style.radius * Float(random.uniform(0.8...1.3)))
    if style.hasScaleBar { paintScaleBar() }
    let picture = canvas.picture(noise: style.stain.noise, random: &random)
    return (picture, objects)
  }

  private mutating func note(_ category: DrawnObject.Category, _ shape: Outline) {
    if let object = DrawnObject(category, shape, width: canvas.width, height: canvas.height) { objects.append(object) }
  }

  // MARK: Cells

  /// A free place for a cell, alone or against another cell; nil if none was found.
  private mutating func place(radius: Float) -> (x: Float, y: Float)? {
    let touches = random.chance(style.clumping)
    for _ in 0..<30 {
      var x = Float(random.uniform(Double(-radius)...Double(extent.x + radius)))
      var y = Float(random.uniform(Double(-radius)...Double(extent.y + radius)))
      var parent = -1
      if touches, !places.isEmpty {
        parent = random.index(below: places.count)
        let angle = Float(random.uniform(0...(2 * .pi)))
        let distance = (radius + places[parent].radius) * Float(random.uniform(0.82...1))
        (x, y) = (places[parent].x + cos(angle) * distance, places[parent].y + sin(angle) * distance)
      }
      let isFree = places.indices.allSatisfy { index in
        let other = places[index]
        let (dx, dy) = (x - other.x, y - other.y)
        let least = (radius + other.radius) * (index == parent ? 0.8 : 1.12)
        return dx * dx + dy * dy > least * least
      }
      if isFree { return (x, y) }
    }
    return nil
  }

  private mutating func paintRedCell() {
    let radius = style.radius * Float(random.uniform(0.88...1.12))
    guard let (x, y) = place(radius: radius) else { return }
    let isInfected = random.chance(style.parasitaemia)
    let ragged = random.chance(0.15) ? Float(random.uniform(0.05...0.1)) : Float(random.uniform(0.01...0.04))
    // The layer's middle lies on the middle or the corner of a pixel of the field, whatever its size is.
    let side = Int(radius * 3) + 2
    let (left, top) = ((x - Float(side) / 2).rounded(.down), (y - Float(side) / 2).rounded(.down))
    var painter = CellPainter(
      radius: radius, x: x - left - Float(side) / 2, y: y - top - Float(side) / 2, ragged: ragged, stain: style.stain,
      random: RandomSource(seed: random.next()))
    let (layer, outline) = painter.layer(infected: isInfected)
    let shape = outline.moved(x: left + Float(side) / 2, y: top + Float(side) / 2)
    canvas.filter(aroundX: x, y: y, reach: Float(side) / 2) { px, py in
      let share = min(max(0.5 + shape.depth(px, py), 0), 1)
      if share <= 0 { return Color(repeating: 1) }
      let column = min(max(Int(px - left), 0), side - 1)
      let row = min(max(Int(py - top), 0), side - 1)
      return Color(repeating: 1 - share) + layer.pixels[row * side + column] * share
    }
    places.append((x, y, radius))
    note(isInfected ? .infected : .redCell, shape)
  }

  /// A granulocyte or lymphocyte: larger than a red cell, pale, with a dark nucleus of one or several lobes.
  private mutating func paintWhiteCell() {
    let radius = style.radius * Float(random.uniform(1.45...2.1))
    guard let (x, y) = place(radius: radius) else { return }
    let shape = Outline(x: x, y: y, radius: radius, ragged: 0.05, random: &random)
    canvas.stamp(shape, style.stain.chromatin * 0.3 + Color(0.58, 0.56, 0.64), soft: radius * 0.06)
    let nucleus = style.stain.chromatin * 0.6 + Color(0.08, 0.06, 0.22)
    let lobes = 1 + random.index(below: 4)
    for lobe in 0..<lobes {
      let angle = Float(lobe) * 2 * .pi / Float(lobes) + Float(random.uniform(-0.4...0.4))
      let distance = lobes == 1 ? 0 : radius * Float(random.uniform(0.28...0.42))
      let part = Outline(
        x: x + cos(angle) * distance, y: y + sin(angle) * distance,
        radius: radius * (lobes == 1 ? Float(random.uniform(0.6...0.85)) : Float(random.uniform(0.3...0.42))),
        ragged: 0.15, random: &random)
      canvas.stamp(part, nucleus, strength: lobes == 1 ? 0.9 : 0.75, soft: radius * 0.08)
    }
    places.append((x, y, radius))
    note(.whiteCell, shape)
  }

  // MARK: Other objects

  private mutating func anywhere() -> (x: Float, y: Float) {
    (Float(random.uniform(0...Double(extent.x))), Float(random.uniform(0...Double(extent.y))))
  }

  /// Small, granular and violet; on a cell or beside it.
  private mutating func paintPlatelet() {
    let (x, y) = anywhere()
    let radius = style.radius * Float(random.uniform(0.18...0.36))
    let shape = Outline(x: x, y: y, radius: radius, ragged: 0.2, random: &random)
    let grain = SmoothNoise(spacing: max(radius * 0.4, 1), random: &random)
    let color = style.stain.chromatin * 0.5 + Color(0.42, 0.36, 0.46)
    canvas.filter(aroundX: x, y: y, reach: radius * 2) { px, py in
      let share = min(max(0.5 + shape.depth(px, py) / (radius * 0.5), 0), 1) * (0.75 + 0.2 * grain(px, py))
      return Color(repeating: 1 - share) + color * share
    }
    note(.platelet, shape)
  }

  /// Precipitate of the stain, or dust.
  private mutating func paintDirt() {
    let (x, y) = anywhere()
    let colors = [style.stain.chromatin * 0.7, Color(0.25, 0.22, 0.24), Color(0.40, 0.30, 0.20)]
    let color = colors[random.index(below: colors.count)]
    for _ in 0..<(1 + random.index(below: 4)) {
      let shape = Outline(
        x: x + Float(random.uniform(-0.3...0.3)) * style.radius,
        y: y + Float(random.uniform(-0.3...0.3)) * style.radius,
        radius: style.radius * Float(random.uniform(0.02...0.1)), ragged: 0.3, random: &random)
      canvas.stamp(shape, color, strength: Float(random.uniform(0.5...0.95)))
    }
  }

  private mutating func shadeLight() {
    let (shade, tilt, isRound, extent) = (style.shade, style.tilt, style.isRound, extent)
    let reach = (extent.x * extent.x + extent.y * extent.y).squareRoot() / 2
    canvas.filter { x, y in
      let (dx, dy) = ((x - extent.x / 2) / reach, (y - extent.y / 2) / reach)
      let square = dx * dx + dy * dy
      // The field stop's edge is not quite sharp.
      let open = isRound ? min(max((0.94 - square.squareRoot()) * reach / 3, 0), 1) : 1
      return Color(repeating: (1 - shade * square + tilt.x * dx + tilt.y * dy) * open)
    }
  }

  private mutating func paintScaleBar() {
    let (right, bottom) = (extent.x - style.radius, extent.y - style.radius)
    let (length, width) = (style.radius * 2.7, max(style.radius * 0.12, 2))
    canvas.filter(aroundX: right - length / 2, y: bottom - width / 2, reach: length) { x, y in
      let isInside = x > right - length && x < right && y > bottom - width && y < bottom
      return Color(repeating: isInside ? 0.02 : 1)
    }
  }
}
