import Statistics

/// How counts become results.
struct ResultRules {
  /// The model's; nil: results are not corrected.
  var rates: TestRates?
  /// Red cells in a microlitre of blood.
  var redCellsPerMicrolitre = 5_000_000.0
  /// The number of red cells that is enough, whatever the interval.
  var enough = 2000
  /// Half the interval's width that is wanted, as a fraction of the parasitaemia.
  static let precision = 0.25
  /// The spread between fewer fields says too little for the interval to end a count.
  static let leastFields = 5
}

/// The result of a slide, or of one field.
struct SlideResult {
  let counts: FieldCounts
  let prevalence: Prevalence
  let rules: ResultRules
  private let fieldCount: Int

  init(_ counts: FieldCounts, _ fields: [(hits: Int, count: Int)], _ rules: ResultRules) {
    self.counts = counts
    self.rules = rules
    fieldCount = fields.count
    prevalence = Prevalence(ClusteredShare(fields), rates: rules.rates)
  }

  init(_ field: FieldCounts, _ rules: ResultRules) {
    self.init(field, [(field.infected, field.redCells)], rules)
  }

  /// In percent: the share, and the ends of its interval; nil if there are no red cells.
  var percent: (share: Double, low: Double, high: Double)? {
    prevalence.share.map { ($0 * 100, prevalence.low * 100, prevalence.high * 100) }
  }

  /// Parasites in a microlitre of blood, and the ends of the interval; nil if there are no red cells.
  var perMicrolitre: (share: Double, low: Double, high: Double)? {
    let factor = rules.redCellsPerMicrolitre
    return prevalence.share.map { ($0 * factor, prevalence.low * factor, prevalence.high * factor) }
  }

  /// Red cells to count beside those counted until the interval is ±25 %; nil if no number is enough.
  var moreCells: Int? {
    prevalence.cellsNeeded(within: ResultRules.precision).map { max($0 - counts.redCells, 0) }
  }

  /// Whether further fields may be left out: `--stop`.
  var isEnough: Bool {
    counts.redCells >= rules.enough || fieldCount >= ResultRules.leastFields && moreCells == 0
  }
}
