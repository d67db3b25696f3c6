/// What a typical red cell of a field lets through of green and of blue light; the background is
/// ``ReducedField/light``.
struct RedCellColour {
  let green: Int
  let blue: Int
  /// The most green light that a nucleus of usual stain lets through.
  private let darkest: Int

  /// Medians of blocks within cells. Where nuclei are many, Otsu's threshold parts them from red cells first.
  init(_ blocks: BlockMeans, _ covered: [Bool]) {
    var lack = Histogram()
    for index in 0..<covered.count where covered[index] { lack.add(255 - blocks.green[index]) }
    let threshold = lack.otsu()
    var (lower, upper) = (Histogram(), Histogram())
    for index in 0..<covered.count where covered[index] {
      let value = 255 - blocks.green[index]
      if Int(value) <= threshold { lower.add(value) } else { upper.add(value) }
    }
    let light = ReducedField.light
    var green = 255 - lack.quantile(1, of: 2)
    let (below, above) = (255 - lower.quantile(1, of: 2), 255 - upper.quantile(1, of: 2))
    // Nuclei absorb twice what red cells do, or more: they let through the square of it.
    if lower.total * 8 > lack.total, above * light < below * below { green = below }
    green = min(max(green, 1), light)
    var blue = Histogram()
    for index in 0..<covered.count where covered[index] {
      if abs(Int(blocks.green[index]) - green) * 8 <= green { blue.add(blocks.blue[index]) }
    }
    self.green = green
    self.blue = blue.total == 0 ? light : max(blue.quantile(1, of: 2), 1)
    // One and a half times the absorbance.
    darkest = Int(Double(green) * (Double(green) / Double(light)).squareRoot())
  }

  /// Whether a colour is that of nuclei.
  ///
  /// Haemoglobin absorbs blue light most, azure and eosin absorb green. So a nucleus lets through less green than a red
  /// cell by far, and compared with a red cell less green than blue. Two red cells that lie on each other are dark too,
  /// but in the colour of red cells. Pale nuclei and platelets need only be as dark as a red cell if they are far bluer.
  func isNuclear(_ green: UInt8, _ blue: UInt8) -> Bool {
    if Int(green) > self.green { return false }
    let (blueness, unit) = (100 * Int(blue) * self.green, Int(green) * self.blue)
    return blueness > (Int(green) <= darkest ? 125 : 145) * unit
  }
}
