import Foundation
import Imaging

/// Draws one red blood cell: segmented on black, filling the frame, as in the NIH malaria set, or as a layer of a field.
struct CellPainter {
  /// The cell's diameter, about; all that is painted on it is in proportion.
  private let size: Float
  private let stain: SlideStain
  private let outline: Outline
  private var canvas: Canvas
  private var random: RandomSource
  /// Colour of this cell's body.
  private let body: Color

  init(size: Int, stain: SlideStain, random source: RandomSource) {
    var random = source
    self.size = Float(size)
    self.stain = stain
    body = stain.body + SlideStain.jitter(0.02, &random)
    let reach = Float(random.uniform(0.465...0.5))
    // Most cells are round; some are torn or squeezed by their neighbours.
    let ragged: Float = random.chance(0.25) ? Float(random.uniform(0.1...0.26)) : Float(random.uniform(0.02...0.07))
    outline = Outline(
      x: Float(random.uniform(-0.015...0.015)) * self.size, y: Float(random.uniform(-0.015...0.015)) * self.size,
      radius: reach * self.size, ragged: ragged, random: &random)
    canvas = Canvas(size: size, body)
    self.random = random
  }

  /// A cell of a field: on a canvas that has room around it.
  ///
  /// - Parameters:
  ///   - x, y: the cell's middle, in pixels from the canvas's.
  ///   - ragged: how far the outline deviates from a circle, 0 to 0.12.
  init(radius: Float, x: Float, y: Float, ragged: Float, stain: SlideStain, random source: RandomSource) {
    var random = source
    size = radius * 2.07
    self.stain = stain
    body = stain.body + SlideStain.jitter(0.02, &random)
    outline = Outline(x: x, y: y, radius: radius, ragged: ragged, random: &random)
    canvas = Canvas(size: Int(radius * 3) + 2, body)
    self.random = random
  }

  /// The cell's colours before the camera, valid within the outline.
  mutating func layer(infected: Bool) -> (canvas: Canvas, outline: Outline) {
    paintBody()
    if infected { paintInfection() } else { paintHealth() }
    return (canvas, outline)
  }

  /// Paints the picture: body, then parasites or artefacts, then the effects of camera and segmentation.
  mutating func paint(infected: Bool) -> Picture {
    paintBody()
    if infected { paintInfection() } else { paintHealth() }
    return finish()
  }

  // MARK: The cell

  private mutating func paintBody() {
    let pallor = max(0, stain.pallor + Float(random.uniform(-0.06...0.09)))
    let (pallorX, pallorY) = (within(0.08), within(0.08))
    let pallorReach = Float(random.uniform(0.14...0.26)) * size
    let light = Color(0.92, 0.86, 0.84)
    let body = body
    canvas.paint(light) { x, y in
      let (dx, dy) = (x - pallorX, y - pallorY)
      return pallor * 3 * exp(-(dx * dx + dy * dy) / (2 * pallorReach * pallorReach))
    }
    // The rim: a little darker where the cell is thick, or lighter where light bends around it.
    let rim = Float(random.uniform(-0.06...0.05))
    let rimReach = Float(random.uniform(0.02...0.05)) * size
    let outline = outline
    let coarse = SmoothNoise(spacing: size * 0.16, random: &random)
    let fine = SmoothNoise(spacing: size * 0.05, random: &random)
    let texture = Float(random.uniform(0.008...0.03))
    let (tiltX, tiltY) = (Float(random.uniform(-0.04...0.04)) / size, Float(random.uniform(-0.04...0.04)) / size)
    canvas.adjust { x, y, color in
      let edge = exp(-max(outline.depth(x, y), 0) / rimReach)
      let grain = coarse(x, y) * texture + fine(x, y) * texture * 0.5
      return color + body * (rim * edge + grain + tiltX * x + tiltY * y)
    }
  }

  // MARK: Infected

  private mutating func paintInfection() {
    let draw = random.uniform()
    let count = draw < 0.74 ? 1 : draw < 0.93 ? 2 : 3
    // Early, thin or badly stained parasites: the ones people miss.
    let faint = random.chance(0.13)
    let strength: Float = faint ? Float(random.uniform(0.32...0.5)) : Float(random.uniform(0.7...1))
    for _ in 0..<count {
      switch random.uniform() {
      case ..<0.48: paintRing(strength)
      case ..<0.74: paintDot(strength)
      case ..<0.95: paintTrophozoite(strength)
      default: paintSchizont(strength)
      }
    }
    if random.chance(0.12) { paintStippling(strength) }
    // Infected cells also have dust and debris.
    if random.chance(0.05) { paintDebris() }
  }

  /// A position inside the cell, more often near the edge, where parasites tend to lie.
  private mutating func place(_ margin: Float) -> (x: Float, y: Float) {
    let angle = Float(random.uniform(0...(2 * .pi)))
    let distance = Float(random.uniform().squareRoot()) * max(0, outline.reach(angle) - margin)
    return (outline.x + cos(angle) * distance, outline.y + sin(angle) * distance)
  }

  /// A ring form: a thin violet circle around a paler vacuole, one or two chromatin dots on it.
  private mutating func paintRing(_ strength: Float) {
    let radius = Float(random.uniform(0.07...0.14)) * size
    let (x, y) = place(radius * 0.9)
    let thickness = Float(random.uniform(0.012...0.026)) * size
    let ring = Outline(x: x, y: y, radius: radius, ragged: 0.16, random: &random)
    let cytoplasm = stain.chromatin * 0.6 + body * 0.4
    let gap = Float(random.uniform(0...(2 * .pi)))
    let opening = random.chance(0.5) ? Float(random.uniform(0.2...0.7)) : 0
    let vacuole = body + Color(repeating: 0.06)
    canvas.paint(vacuole, aroundX: x, y: y, reach: radius * 1.5) { px, py in ring.depth(px, py) > 0 ? 0.5 * strength : 0
    }
    canvas.paint(cytoplasm, aroundX: x, y: y, reach: radius * 1.5 + thickness * 3) { px, py in
      let turn = atan2(py - y, px - x) - gap
      let away = abs(turn - (turn / (2 * .pi)).rounded() * 2 * .pi)
      let off = ring.depth(px, py) / thickness
      return away < opening ? 0 : 0.75 * strength * exp(-off * off)
    }
    let dots = random.chance(0.25) ? 2 : 1
    for _ in 0..<dots {
      let angle = Float(random.uniform(0...(2 * .pi)))
      paintSpot(
        x + cos(angle) * radius, y + sin(angle) * radius, radius: Float(random.uniform(0.022...0.045)) * size,
        color: stain.chromatin, strength: strength)
    }
  }

  /// A chromatin dot with a smear of cytoplasm.
  private mutating func paintDot(_ strength: Float) {
    let radius = Float(random.uniform(0.03...0.06)) * size
    let (x, y) = place(radius)
    let smear = Outline(
      x: x + within(0.03), y: y + within(0.03), radius: radius * 1.9, ragged: 0.35, random: &random)
    let soft = radius * 0.8
    let cytoplasm = stain.chromatin * 0.45 + body * 0.55
    canvas.paint(cytoplasm, aroundX: x, y: y, reach: radius * 4) { px, py in
      0.55 * strength * min(max(smear.depth(px, py) / soft, 0), 1)
    }
    paintSpot(x, y, radius: radius, color: stain.chromatin, strength: strength)
  }

  /// A mature trophozoite: an irregular violet body with dark chromatin, brown pigment and often a vacuole.
  private mutating func paintTrophozoite(_ strength: Float) {
    let radius = Float(random.uniform(0.12...0.22)) * size
    let (x, y) = place(radius * 1.1)
    let shape = Outline(x: x, y: y, radius: radius, ragged: 0.4, count: 6, random: &random)
    let patches = SmoothNoise(spacing: radius * 0.45, random: &random)
    let cytoplasm = stain.chromatin * 0.55 + body * 0.45
    let soft = size * 0.03
    canvas.paint(cytoplasm) { px, py in
      let inside = min(max(shape.depth(px, py) / soft, 0), 1)
      return inside * strength * (0.62 + 0.34 * patches(px, py))
    }
    for _ in 0..<(1 + random.index(below: 3)) {
      paintSpot(
        x + within(0.5) * radius / size, y + within(0.5) * radius / size,
        radius: Float(random.uniform(0.025...0.055)) * size, color: stain.chromatin * 0.9, strength: strength)
    }
    let pigment = Color(0.30, 0.18, 0.12)
    for _ in 0..<random.index(below: 6) {
      let angle = Float(random.uniform(0...(2 * .pi)))
      let distance = Float(random.uniform(0...0.8)) * radius
      paintSpot(
        x + cos(angle) * distance, y + sin(angle) * distance, radius: size * 0.011, color: pigment,
        strength: strength * 0.8)
    }
  }

  /// A schizont: the cell full of merozoites.
  private mutating func paintSchizont(_ strength: Float) {
    let radius = Float(random.uniform(0.22...0.33)) * size
    let (x, y) = place(radius * 1.3)
    let shape = Outline(x: x, y: y, radius: radius, ragged: 0.2, random: &random)
    let cytoplasm = stain.chromatin * 0.4 + body * 0.6
    let soft = size * 0.04
    canvas.paint(cytoplasm) { px, py in 0.6 * strength * min(max(shape.depth(px, py) / soft, 0), 1) }
    for _ in 0..<(8 + random.index(below: 10)) {
      let angle = Float(random.uniform(0...(2 * .pi)))
      let distance = Float(random.uniform().squareRoot()) * radius * 0.85
      paintSpot(
        x + cos(angle) * distance, y + sin(angle) * distance, radius: Float(random.uniform(0.022...0.036)) * size,
        color: stain.chromatin * 0.85, strength: strength)
    }
  }

  /// Schüffner's dots: many small ones all over the cell.
  private mutating func paintStippling(_ strength: Float) {
    for _ in 0..<(8 + random.index(below: 16)) {
      let (x, y) = place(size * 0.03)
      paintSpot(
        x, y, radius: Float(random.uniform(0.008...0.016)) * size, color: stain.chromatin, strength: strength * 0.5)
    }
  }

  // MARK: Uninfected

  /// Usually nothing; sometimes an artefact that resembles a parasite.
  private mutating func paintHealth() {
    switch random.uniform() {
    case ..<0.05: paintPlatelet()
    case ..<0.10: paintDebris()
    case ..<0.15: paintGlare()
    case ..<0.18: paintFold()
    default: break
    }
  }

  /// A platelet on or beside the cell: violet like a parasite, but granular, with a pale halo and no ring or dot.
  private mutating func paintPlatelet() {
    let angle = Float(random.uniform(0...(2 * .pi)))
    let radius = Float(random.uniform(0.06...0.1)) * size
    let distance = outline.reach(angle) - radius * Float(random.uniform(0...1.6))
    let (x, y) = (outline.x + cos(angle) * distance, outline.y + sin(angle) * distance)
    let shape = Outline(x: x, y: y, radius: radius, ragged: 0.25, random: &random)
    let grain = SmoothNoise(spacing: radius * 0.3, random: &random)
    let color = stain.chromatin * 0.55 + Color(0.75, 0.62, 0.80) * 0.45
    let halo = body + Color(repeating: 0.08)
    let soft = radius * 0.5
    canvas.paint(halo) { px, py in 0.7 * min(max(1 + shape.depth(px, py) / soft, 0), 1) }
    canvas.paint(color) { px, py in
      min(max(shape.depth(px, py) / soft, 0), 1) * (0.6 + 0.3 * grain(px, py))
    }
  }

  /// Dust and stain precipitate: grey, brown or blue-black specks with hard edges.
  private mutating func paintDebris() {
    let colors = [Color(0.36, 0.33, 0.36), Color(0.45, 0.34, 0.25), Color(0.25, 0.24, 0.38)]
    for _ in 0..<(1 + random.index(below: 3)) {
      let (x, y) = place(size * 0.02)
      paintSpot(
        x, y, radius: Float(random.uniform(0.01...0.028)) * size, color: colors[random.index(below: colors.count)],
        strength: Float(random.uniform(0.5...0.9)))
    }
  }

  /// A refractile spot, where a bubble or a dried drop bends the light.
  private mutating func paintGlare() {
    let (x, y) = place(size * 0.1)
    let radius = Float(random.uniform(0.03...0.07)) * size
    let shape = Outline(x: x, y: y, radius: radius, ragged: 0.3, random: &random)
    let soft = size * 0.02
    canvas.paint(Color(0.96, 0.95, 0.88)) { px, py in min(max(shape.depth(px, py) / soft, 0), 1) * 0.85 }
  }

  /// A crease: a darker line of the cell's own colour.
  private mutating func paintFold() {
    let (x, y) = place(size * 0.15)
    let angle = Float(random.uniform(0...(2 * .pi)))
    let (length, width) = (Float(random.uniform(0.1...0.25)) * size, Float(random.uniform(0.015...0.03)) * size)
    canvas.paint(body * 0.72) { px, py in
      let along = (px - x) * cos(angle) + (py - y) * sin(angle)
      let across = (py - y) * cos(angle) - (px - x) * sin(angle) - along * along / (size * 1.2)
      return 0.7 * exp(-along * along / (length * length) - across * across / (width * width))
    }
  }

  // MARK: Pieces

  private mutating func within(_ share: Double) -> Float { Float(random.uniform(-share...share)) * size }

  /// A dot that is not quite round.
  private mutating func paintSpot(_ x: Float, _ y: Float, radius: Float, color: Color, strength: Float) {
    let shape = Outline(x: x, y: y, radius: radius, ragged: 0.25, count: 3, random: &random)
    let soft = max(0.6, radius * 0.45)
    canvas.paint(color, aroundX: x, y: y, reach: radius * 1.6 + soft) { px, py in
      strength * min(max(0.5 + shape.depth(px, py) / soft, 0), 1)
    }
  }

  /// Blurs, adds noise and cuts the cell out along a pixelated outline, sometimes with a notch or a piece of a
  /// neighbour.
  private mutating func finish() -> Picture {
    canvas.blur(stain.blur * size * Float(random.uniform(0.8...1.3)))
    var noise = random
    let amount = stain.noise
    canvas.adjust { _, _, color in color + Color(repeating: noise.normal() * amount) }
    random = noise
    let ragged = SmoothNoise(spacing: size * 0.035, random: &random)
    let outline = outline
    let jag = size * Float(random.uniform(0.006...0.02))
    var pieces: [(shape: Outline, keeps: Bool)] = []
    if random.chance(0.2) {
      let angle = Float(random.uniform(0...(2 * .pi)))
      let reach = outline.reach(angle) * Float(random.uniform(0.95...1.1))
      let shape = Outline(
        x: cos(angle) * reach, y: sin(angle) * reach, radius: Float(random.uniform(0.06...0.16)) * size, ragged: 0.4,
        random: &random)
      pieces.append((shape, random.chance(0.5)))
    }
    canvas.adjust { x, y, color in
      let noise = ragged(x, y) * jag
      var inside = outline.depth(x, y) + noise > 0
      for piece in pieces where piece.shape.depth(x, y) + noise > 0 { inside = piece.keeps }
      return inside ? color : Color()
    }
    return canvas.picture
  }
}
