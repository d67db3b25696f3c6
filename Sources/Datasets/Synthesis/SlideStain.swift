/// The stain, light and focus of one slide, which all its cells share.
struct SlideStain {
  /// Colour of a cell's body.
  let body: Color
  /// Colour of parasites, chromatin and platelets, which take up the blue and violet of the stain.
  let chromatin: Color
  /// Gaussian blur as a fraction of the picture's side.
  let blur: Float
  /// Camera noise, standard deviation.
  let noise: Float
  /// Typical pallor of a cell's centre.
  let pallor: Float

  /// Colours of Giemsa stain from acid to basic buffer and from thick to thin films: rose, salmon, beige, grey,
  /// lavender, blue.
  private static let bodies: [(body: Color, chromatin: Color, weight: Double)] = [
    (Color(0.86, 0.62, 0.61), Color(0.66, 0.16, 0.45), 4),
    (Color(0.79, 0.52, 0.56), Color(0.60, 0.12, 0.42), 2),
    (Color(0.80, 0.68, 0.66), Color(0.55, 0.18, 0.46), 2),
    (Color(0.78, 0.68, 0.58), Color(0.48, 0.20, 0.42), 1),
    (Color(0.71, 0.69, 0.75), Color(0.42, 0.14, 0.58), 3),
    (Color(0.60, 0.58, 0.76), Color(0.34, 0.10, 0.58), 2),
    (Color(0.66, 0.42, 0.55), Color(0.45, 0.06, 0.35), 1),
  ]

  init(random: inout RandomSource) {
    var mark = random.uniform() * SlideStain.bodies.reduce(0) { $0 + $1.weight }
    var index = 0
    while index + 1 < SlideStain.bodies.count, mark >= SlideStain.bodies[index].weight {
      mark -= SlideStain.bodies[index].weight
      index += 1
    }
    let light = Float(random.uniform(0.9...1.03))
    body = (SlideStain.bodies[index].body + SlideStain.jitter(0.025, &random)) * light
    chromatin = SlideStain.bodies[index].chromatin + SlideStain.jitter(0.05, &random)
    blur = Float(random.uniform(0.003...0.012))
    noise = Float(random.uniform(0.004...0.012))
    pallor = Float(random.uniform(0...0.13))
  }

  /// A colour that differs by at most `reach` in each channel.
  static func jitter(_ reach: Double, _ random: inout RandomSource) -> Color {
    Color(
      Float(random.uniform(-reach...reach)), Float(random.uniform(-reach...reach)),
      Float(random.uniform(-reach...reach)))
  }
}
