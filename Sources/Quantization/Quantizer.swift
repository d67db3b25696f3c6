import ModelGraph
import Text

/// Quantises a float classifier to 8-bit integers in QDQ form, using calibration pictures.
///
/// Candidate recipes are compared on pictures that they were not fitted on; the chosen one is then fitted on all
/// pictures.
public struct Quantizer {
  /// A recipe's deviation from the float model on the pictures that it was not fitted on.
  public struct Trial: Sendable {
    public let recipe: Recipe
    /// Signal-to-noise ratio of the scores.
    public let decibels: Double
    public let pictures: Int
    /// Number of pictures with the float model's class, and with the actual class.
    public let agreeing: Int
    public let correct: Int
    public fileprivate(set) var isChosen = false

    /// Whether significantly more pictures keep the float model's class: at least two, and at least one in a hundred.
    func agreesMore(than other: Trial) -> Bool { agreeing - other.agreeing >= max(2, pictures / 100) }

    /// Whether so many pictures get another class than from the float model that another recipe can agree more.
    var losesClasses: Bool { pictures - agreeing >= max(2, pictures / 100) }

    /// Whether this recipe is closer to the float model: significantly more agreeing classes, or else less noise in the
    /// scores.
    func isBetter(than other: Trial) -> Bool {
      agreesMore(than: other) || !other.agreesMore(than: self) && decibels > other.decibels
    }
  }

  public struct Result: Sendable {
    public let graph: Graph
    public let recipe: Recipe
    public let trials: [Trial]
    public let layers: [LayerRecord]
    /// Correct answers of the float model on the same pictures as the trials.
    public let floatCorrect: Int
  }

  /// Reports the current stage and its progress.
  public typealias Progress = (_ stage: String, _ done: Int, _ total: Int) -> Void

  /// Number of pictures used for bias correction and for measuring layers.
  private static let sampleLimit = 64

  private let model: PreparedModel
  private let fitting: [CalibrationBatch]
  private let judging: [CalibrationBatch]
  private let without: Set<QuantizationMeasure>
  private let threads: Int
  private let progress: Progress

  /// - Parameters:
  ///   - fitting: the ranges are determined on these.
  ///   - judging: recipes are compared on these.
  ///   - without: measures that are not taken.
  public init(
    _ model: PreparedModel, fitting: [CalibrationBatch], judging: [CalibrationBatch],
    without: Set<QuantizationMeasure> = [], threads: Int, progress: @escaping Progress
  ) {
    self.model = model
    self.fitting = fitting
    self.judging = judging
    self.without = without
    self.threads = threads
    self.progress = progress
  }

  /// A float model that computes the same as the given one, and what is known of it.
  private struct Base {
    let model: PreparedModel
    let statistics: [Graph.ValueID: ActivationStatistics]
    /// Scales of the weights by node, without and with clipping.
    let scales: [Bool: [Int: [Float]]]
  }

  private func base(_ model: PreparedModel, _ batches: [CalibrationBatch], _ stage: String) throws -> Base {
    var scales: [Bool: [Int: [Float]]] = [:]
    for clips in [false, true] {
      for index in model.graph.nodes.indices where model.isProduct(index) {
        scales[clips, default: [:]][index] = model.weight(index).map { QuantizedWeight.scales($0, clips: clips) }
      }
    }
    return Base(model: model, statistics: try observe(model, batches, stage), scales: scales)
  }

  /// - Parameter methods: the calibration methods to choose from.
  public func run(_ methods: [CalibrationMethod]) throws -> Result {
    let plain = try base(model, fitting, "ranges")
    let equalized = without.contains(.equalization) ? nil : try equalized(fitting)
    let level = try equalized.map { try base($0, fitting, "ranges") }
    let meant = try scores(of: model.graph, judging)
    var trials: [Trial] = []
    var chosen = 0
    let changes = self.changes(canEqualize: level != nil)
    func attempt(_ recipe: Recipe) throws -> Trial {
      let base = recipe.equalizes ? level ?? plain : plain
      let trial = try judge(recipe, base, try numbers(recipe, base, sample(fitting)), meant)
      trials.append(trial)
      progress("trying", trials.count, max(trials.count, methods.count + changes.count))
      return trial
    }
    for method in methods {
      var recipe = Recipe(method)
      recipe.clipsWeights = !without.contains(.weightClipping)
      if try attempt(recipe).isBetter(than: trials[chosen]) { chosen = trials.count - 1 }
    }
    // Noise decides what costs nothing at run time. What one option is worth depends on the others, so all are tried again
    // after a change.
    let free = changes.filter { $0.isFree }
    var unchanged = 0
    for change in free + free where unchanged < free.count {
      var recipe = trials[chosen].recipe
      recipe[keyPath: change.option].toggle()
      unchanged += 1
      if !trials.contains(where: { $0.recipe == recipe }), try attempt(recipe).isBetter(than: trials[chosen]) {
        (chosen, unchanged) = (trials.count - 1, 1)
      }
    }
    // Float products cost speed, so they must keep significantly more classes.
    for change in changes where !change.isFree {
      var recipe = trials[chosen].recipe
      recipe[keyPath: change.option] = true
      if try attempt(recipe).agreesMore(than: trials[chosen]) { chosen = trials.count - 1 }
    }
    if !without.contains(.floatLayers), trials[chosen].losesClasses {
      let pairs = try sensitivePairs(trials[chosen], level ?? plain, plain, meant)
      for count in [1, 2, 4, 8, 16] where count <= pairs.count && trials[chosen].losesClasses {
        var recipe = trials[chosen].recipe
        recipe.floatLayers = Set(pairs[..<count].joined()).sorted()
        if try attempt(recipe).agreesMore(than: trials[chosen]) { chosen = trials.count - 1 }
      }
    }
    trials[chosen].isChosen = true
    let recipe = trials[chosen].recipe
    let (graph, meter) = try written(recipe)
    let layers = try meter.measure(sample(fitting + judging)) { progress("measuring layers", $0, $1) }
    let floatCorrect = zip(meant, judging).reduce(0) { $0 + Self.correct($1.0, $1.1) }
    return Result(graph: graph, recipe: recipe, trials: trials, layers: layers, floatCorrect: floatCorrect)
  }

  /// Pairs of products between which a value loses most by quantization, by the noise in the scores that goes away when
  /// both are computed in float; at most a quarter of all.
  private func sensitivePairs(
    _ trial: Trial, _ level: Base, _ plain: Base, _ meant: [Tensor]
  ) throws -> [[Int]] {
    let base = trial.recipe.equalizes ? level : plain
    let pairs = base.model.layerPairs
    var found: [(pair: [Int], decibels: Double)] = []
    for pair in pairs {
      var recipe = trial.recipe
      (recipe.correctsBiases, recipe.floatLayers) = (false, pair)
      found.append((pair, try judge(recipe, base, try numbers(recipe, base, []), meant).decibels))
      progress("sensitive layers", found.count, pairs.count)
    }
    return found.sorted { $0.decibels > $1.decibels }.prefix(max(1, pairs.count / 4)).map { $0.pair }
  }

  /// The model quantised by one recipe, fitted on all pictures.
  package func graph(_ recipe: Recipe) throws -> Graph { try written(recipe).graph }

  private func written(_ recipe: Recipe) throws -> (graph: Graph, meter: LayerMeter) {
    let all = fitting + judging
    let base = try base(recipe.equalizes ? equalized(all) ?? model : model, all, "final ranges")
    let numbers = try self.numbers(recipe, base, sample(all), showsProgress: true)
    let plan = self.plan(recipe, base.model)
    var graph = try QDQWriter(base.model, plan, numbers, simulates: false).graph
    graph.compact()
    return (
      graph,
      LayerMeter(model: base.model, plan: plan, numbers: numbers, useful: usefulRanges, threads: threads)
    )
  }

  private func equalized(_ batches: [CalibrationBatch]) throws -> PreparedModel? {
    try Equalization.equalized(model, batches, threads: threads) { progress("channels", $0, $1) }
  }

  /// The options to try, one after another, with whether they cost next to nothing at run time.
  private func changes(canEqualize: Bool) -> [(option: WritableKeyPath<Recipe, Bool>, isFree: Bool)] {
    let (stem, head) = QuantizationPlan.stemAndHead(model)
    typealias Change = (option: WritableKeyPath<Recipe, Bool>, isFree: Bool)
    var changes: [Change] = []
    func add(_ measure: QuantizationMeasure, _ change: Change, isPossible: Bool) {
      if isPossible, !without.contains(measure) { changes.append(change) }
    }
    add(.weightClipping, (\.clipsWeights, true), isPossible: true)
    add(.biasCorrection, (\.correctsBiases, true), isPossible: true)
    add(.equalization, (\.equalizes, true), isPossible: canEqualize)
    add(.floatGates, (\.floatGates, false), isPossible: !model.gates.isEmpty)
    add(.floatStem, (\.floatStem, false), isPossible: stem != nil)
    add(.floatHead, (\.floatHead, false), isPossible: head != nil)
    return changes
  }

  private func plan(_ recipe: Recipe, _ model: PreparedModel) -> QuantizationPlan {
    let (stem, head) = QuantizationPlan.stemAndHead(model)
    var float = Set<Int>()
    if recipe.floatStem, let stem { float.insert(stem) }
    if recipe.floatHead, let head { float.insert(head) }
    let weightOnly = (recipe.floatGates ? model.gates : []).union(recipe.floatLayers)
    return QuantizationPlan(model, float: float, weightOnly: weightOnly)
  }

  /// Evenly spaced batches with at most ``sampleLimit`` pictures.
  private func sample(_ batches: [CalibrationBatch]) -> [CalibrationBatch] {
    let wanted = max(1, Self.sampleLimit / max(1, model.inputShape[0]))
    guard batches.count > wanted else { return batches }
    return (0..<wanted).map { batches[$0 * batches.count / wanted] }
  }

  // MARK: Observing

  private var usefulRanges: [Graph.ValueID: ClosedRange<Float>] {
    without.contains(.functionRanges) ? [:] : model.usefulRanges
  }

  private func observe(
    _ model: PreparedModel, _ batches: [CalibrationBatch], _ stage: String
  ) throws -> [Graph.ValueID: ActivationStatistics] {
    let ids = QuantizationPlan(model).values
    // The engine returns values produced by nodes; inputs are already available.
    let made = ids.filter { !model.graph.inputs.contains($0) }
    var statistics = [Graph.ValueID: ActivationStatistics]()
    let useful = usefulRanges
    for id in ids { statistics[id] = useful[id].map { ActivationStatistics(useful: $0) } ?? ActivationStatistics() }
    var runner = try BatchRunner(model.graph, outputs: made, inputShapes: [model.inputShape], threads: threads)
    for pass in 0..<2 {
      for (number, batch) in batches.enumerated() {
        let tensors = try runner.run([batch.images])
        for (id, tensor) in Array(zip(made, tensors)) + model.graph.inputs.map({ ($0, batch.images) }) {
          tensor.withPictures(of: batch) { elements in
            if pass == 0 { statistics[id]?.widen(elements) } else { statistics[id]?.tally(elements) }
          }
        }
        progress(stage, pass * batches.count + number + 1, 2 * batches.count)
      }
      if let (id, _) = statistics.first(where: { !$0.value.isFinite || !($0.value.high - $0.value.low).isFinite }) {
        let name = model.graph.values[id].name.printable
        throw QuantizationError("value '\(name)' is not finite on the calibration pictures and cannot be quantised")
      }
    }
    return statistics
  }

  private func numbers(
    _ recipe: Recipe, _ base: Base, _ sample: [CalibrationBatch], showsProgress: Bool = false
  ) throws -> QuantizationNumbers {
    let model = base.model
    let plan = self.plan(recipe, model)
    var numbers = QuantizationNumbers()
    for id in plan.free { numbers.grids[id] = base.statistics[id].map { recipe.method.grid($0) } }
    for node in model.graph.nodes {
      guard case .mul = node.operation, let y = node.firstOutput, let grid = numbers.grids[y] else { continue }
      numbers.grids[y] = grid.product(of: node.inputs.compactMap { $0.flatMap { numbers.grids[$0] } })
    }
    for index in plan.weightOnly {
      guard let weight = model.weight(index), let scales = base.scales[recipe.clipsWeights]?[index] else { continue }
      numbers.weights[index] = try QuantizedWeight(
        weight, scales: scales, bias: model.bias(index), biasUnit: .infinity)
    }
    for index in plan.products {
      guard let weight = model.weight(index), let scales = base.scales[recipe.clipsWeights]?[index],
        let x = model.graph.nodes[index].firstInput, let grid = numbers.grids[plan.tied[x] ?? x]
      else { continue }
      numbers.biases[index] = model.bias(index)
      numbers.weights[index] = try QuantizedWeight(
        weight, scales: scales, bias: model.bias(index), biasUnit: grid.scale)
    }
    if recipe.correctsBiases {
      let correction = BiasCorrection(model: model, plan: plan, batches: sample, threads: threads)
      try correction.correct(&numbers, means: try correction.means()) {
        if showsProgress { progress("correcting biases", $0, $1) }
      }
    }
    return numbers
  }

  // MARK: Comparing recipes

  /// The scores of every batch, computed with the passes and integer kernels that the field program uses.
  private func scores(of graph: Graph, _ batches: [CalibrationBatch]) throws -> [Tensor] {
    var runner = try BatchRunner(graph, inputShapes: [model.inputShape], threads: threads, optimizing: true)
    return try batches.map { try runner.run([$0.images])[0] }
  }

  private func judge(
    _ recipe: Recipe, _ base: Base, _ numbers: QuantizationNumbers, _ meant: [Tensor]
  ) throws -> Trial {
    let graph = try QDQWriter(base.model, plan(recipe, base.model), numbers, simulates: false).graph
    let found = try scores(of: graph, judging)
    var meter = NoiseMeter()
    var (pictures, agreeing, correct) = (0, 0, 0)
    for (index, batch) in judging.enumerated() {
      meant[index].withPictures(of: batch) { meant in
        found[index].withPictures(of: batch) { found in
          for (a, b) in zip(meant, found) { meter.add(a, b) }
        }
      }
      pictures += batch.count
      agreeing += zip(Self.classes(meant[index], batch), Self.classes(found[index], batch)).count { $0 == $1 }
      correct += Self.correct(found[index], batch)
    }
    return Trial(
      recipe: recipe, decibels: meter.decibels, pictures: pictures, agreeing: agreeing, correct: correct)
  }

  private static func classes(_ scores: Tensor, _ batch: CalibrationBatch) -> [Int] {
    scores.withPictures(of: batch) { scores in
      let classes = scores.count / max(1, batch.count)
      // One score is the probability of the second of two classes.
      if classes == 1 { return (0..<batch.count).map { scores[$0] > 0.5 ? 1 : 0 } }
      return (0..<batch.count).map { picture in
        (0..<classes).reduce(0) { scores[picture * classes + $1] > scores[picture * classes + $0] ? $1 : $0 }
      }
    }
  }

  private static func correct(_ scores: Tensor, _ batch: CalibrationBatch) -> Int {
    zip(classes(scores, batch), batch.labels).count { $0 == $1 }
  }
}
