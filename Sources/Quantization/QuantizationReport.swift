import ModelGraph
import Reports
import Text

/// Comparison of the float and the quantised model on pictures that were not used for calibration.
public struct QuantizationComparison: Sendable {
  public struct Difference: Sendable {
    public let path: String
    /// Each model's predicted class and its probability.
    public let actual: String
    public let float: (name: String, share: Double)
    public let quantised: (name: String, share: Double)
    /// A PNG of the picture.
    public var picture: [UInt8]

    public init(
      path: String, actual: String, float: (name: String, share: Double), quantised: (name: String, share: Double),
      picture: [UInt8] = []
    ) {
      self.path = path
      self.actual = actual
      self.float = float
      self.quantised = quantised
      self.picture = picture
    }
  }

  /// Describes the pictures: `1201 of the run's validation set`.
  public let what: String
  public let pictures: Int
  public let floatCorrect: Int
  public let quantisedCorrect: Int
  public let differences: [Difference]

  public init(what: String, pictures: Int, floatCorrect: Int, quantisedCorrect: Int, differences: [Difference]) {
    self.what = what
    self.pictures = pictures
    self.floatCorrect = floatCorrect
    self.quantisedCorrect = quantisedCorrect
    self.differences = differences
  }
}

/// The complete report of `quantize`, as text and as an HTML page.
public struct QuantizationReport: Sendable {
  public let title: String
  public let result: Quantizer.Result
  public let comparison: QuantizationComparison
  /// The line of ``PositiveClass`` that says which class is positive.
  public let positive: String
  public let floatBytes: Int
  public let quantisedBytes: Int

  public init(
    title: String, result: Quantizer.Result, comparison: QuantizationComparison, positive: String, floatBytes: Int,
    quantisedBytes: Int
  ) {
    self.title = title
    self.result = result
    self.comparison = comparison
    self.positive = positive
    self.floatBytes = floatBytes
    self.quantisedBytes = quantisedBytes
  }

  // MARK: Tables

  static func percent(_ part: Int, of whole: Int) -> String {
    "\(NumberText.fixed(whole == 0 ? 0 : Double(part) / Double(whole) * 100, 2)) %"
  }

  static func decibels(_ value: Double?) -> String {
    guard let value else { return "" }
    return value.isFinite ? NumberText.fixed(value, 1) : value > 0 ? "exact" : "none"
  }

  var trialTable: [[String]] {
    [["method", "channels", "weights", "biases", "in float", "scores dB", "same answer", "accuracy", ""]]
      + result.trials.map { trial in
        let recipe = trial.recipe
        return [
          recipe.method.rawValue, recipe.equalizes ? "equalized" : "unchanged",
          recipe.clipsWeights ? "clipped" : "full range", recipe.correctsBiases ? "corrected" : "unchanged",
          Self.floats(recipe), Self.decibels(trial.decibels), "\(trial.agreeing) of \(trial.pictures)",
          Self.percent(trial.correct, of: trial.pictures), trial.isChosen ? "chosen" : "",
        ]
      }
  }

  private static func floats(_ recipe: Quantizer.Recipe) -> String {
    var parts: [String] = []
    if recipe.floatGates { parts.append("gates") }
    if recipe.floatStem { parts.append("stem") }
    if recipe.floatHead { parts.append("head") }
    if !recipe.floatLayers.isEmpty { parts.append(counted(recipe.floatLayers.count, "layer")) }
    return parts.isEmpty ? "none" : parts.joined(separator: ", ")
  }

  var layerTable: [[String]] {
    [["layer", "operator", "lowest", "highest", "scale", "zero", "weights dB", "rounding dB", "network dB"]]
      + result.layers.map { layer in
        let grid =
          layer.sharesGridOf.map { ["", "", "as \($0)", ""] } ?? [
            NumberText.fixed(Double(layer.grid.low), 3), NumberText.fixed(Double(layer.grid.high), 3),
            NumberText.fixed(Double(layer.grid.scale), 6), "\(layer.grid.zero)",
          ]
        return [layer.name, layer.kind] + grid + [
          Self.decibels(layer.weights), Self.decibels(layer.rounding), Self.decibels(layer.whole),
        ]
      }
  }

  /// One sentence each for stem and head: the effect of leaving them in float.
  var exceptions: [String] {
    [("stem", \Quantizer.Recipe.floatStem), ("head", \Quantizer.Recipe.floatHead)].compactMap { name, path in
      guard let index = result.trials.firstIndex(where: { $0.recipe[keyPath: path] }) else { return nil }
      let trial = result.trials[index]
      var other = trial.recipe
      other[keyPath: path] = false
      guard let without = result.trials.first(where: { $0.recipe == other }) else { return nil }
      let gain = trial.agreeing - without.agreeing
      let verdict = result.recipe[keyPath: path] ? "stays in float" : "is int8"
      return
        "the \(name) \(verdict): in float, \(gain) more of \(trial.pictures) answers would agree with the float model "
        + "(\(Self.decibels(without.decibels)) dB, in float \(Self.decibels(trial.decibels)) dB)"
    }
  }

  var summary: [(name: String, value: String)] {
    let (all, float, quantised) = (comparison.pictures, comparison.floatCorrect, comparison.quantisedCorrect)
    let change = all == 0 ? 0 : Double(quantised - float) / Double(all) * 100
    return [
      ("pictures", comparison.what),
      ("float", "\(Self.percent(float, of: all)) correct"),
      (
        "int8",
        "\(Self.percent(quantised, of: all)) correct (\(change < 0 ? "" : "+")\(NumberText.fixed(change, 2)) points)"
      ),
      (
        "agreement",
        "\(Self.percent(all - comparison.differences.count, of: all)); \(Self.answers(comparison.differences.count))"
      ),
      (
        "file",
        "\(quantisedBytes) bytes, \(NumberText.fixed(Double(quantisedBytes) / Double(max(1, floatBytes)), 3)) of "
          + "\(floatBytes)"
      ),
    ]
  }

  /// The report as shown on a terminal.
  public var text: String {
    var text = "tried on \(counted(result.trials.first?.pictures ?? 0, "picture")) not used for fitting"
    text += " (float: \(Self.percent(result.floatCorrect, of: result.trials.first?.pictures ?? 0)) correct)\n"
    text += AlignedColumns.text(trialTable, left: [0, 1, 2, 3, 4, 8])
    for line in exceptions { text += "\(line)\n" }
    text += "\n" + AlignedColumns.text(layerTable, left: [0, 1]) + "\n"
    for (name, value) in summary {
      text += name + String(repeating: " ", count: max(1, 11 - name.count)) + value.printable + "\n"
    }
    text += positive.printable + "\n"
    for difference in comparison.differences.prefix(20) {
      let line =
        "\(difference.path): \(difference.actual); float \(Self.answer(difference.float)), "
        + "int8 \(Self.answer(difference.quantised))"
      text += "  \(line.printable)\n"
    }
    if comparison.differences.count > 20 { text += "  and \(comparison.differences.count - 20) more\n" }
    return text
  }

  private static func answers(_ count: Int) -> String {
    count == 1 ? "1 answer differs" : "\(count) answers differ"
  }

  static func answer(_ answer: (name: String, share: Double)) -> String {
    "\(answer.name) \(NumberText.fixed(answer.share * 100, 1)) %"
  }
}
