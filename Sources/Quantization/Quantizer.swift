import ModelGraph
import Text

/// Quantises a float classifier to 8-bit integers in QDQ form, using calibration pictures.
///
/// Candidate recipes are compared on pictures that they were not fitted on; the chosen one is then fitted on all
/// pictures.
public struct Quantizer {
  /// The options of quantization.
  public struct Recipe: Sendable, Equatable {
    public var method: CalibrationMethod
    /// true: the scale of a channel's weights minimises the squared error and may clip; false: it maps the largest
    /// weight to 127.
    public var clipsWeights = true
    public var correctsBiases = false
    /// Whether the first and the last product stay in float.
    public var floatStem = false
    public var floatHead = false

    public init(_ method: CalibrationMethod) { self.method = method }
  }

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
  private let threads: Int
  private let progress: Progress
  private let weightScales: [Bool: [Int: [Float]]]

  /// - Parameters:
  ///   - fitting: the ranges are determined on these.
  ///   - judging: recipes are compared on these.
  public init(
    _ model: PreparedModel, fitting: [CalibrationBatch], judging: [CalibrationBatch], threads: Int,
    progress: @escaping Progress
  ) {
    self.model = model
    self.fitting = fitting
    self.judging = judging
    self.threads = threads
    self.progress = progress
    var scales: [Bool: [Int: [Float]]] = [:]
    for clips in [false, true] {
      for index in model.graph.nodes.indices where model.isProduct(index) {
        scales[clips, default: [:]][index] = model.weight(index).map { QuantizedWeight.scales($0, clips: clips) }
      }
    }
    weightScales = scales
  }

  /// - Parameter methods: the calibration methods to choose from.
  public func run(_ methods: [CalibrationMethod]) throws -> Result {
    let statistics = try observe(fitting, "ranges")
    let meant = try scores(of: model.graph, judging)
    var trials: [Trial] = []
    var chosen = 0
    let (stem, head) = QuantizationPlan.stemAndHead(model)
    let total = methods.count + 2 + (stem == nil ? 0 : 1) + (head == nil ? 0 : 1)
    func attempt(_ recipe: Recipe) throws -> Trial {
      let numbers = try self.numbers(recipe, statistics, sample(fitting))
      let trial = try judge(recipe, numbers, meant)
      trials.append(trial)
      progress("trying", trials.count, total)
      return trial
    }
    for method in methods {
      if try attempt(Recipe(method)).isBetter(than: trials[chosen]) { chosen = trials.count - 1 }
    }
    // These options cost nothing at run time, so the noise decides.
    for change in [\Recipe.clipsWeights, \Recipe.correctsBiases] {
      var recipe = trials[chosen].recipe
      recipe[keyPath: change].toggle()
      if try attempt(recipe).isBetter(than: trials[chosen]) { chosen = trials.count - 1 }
    }
    // Float products cost speed, so they must keep significantly more classes.
    for change in [stem == nil ? nil : \Recipe.floatStem, head == nil ? nil : \Recipe.floatHead].compactMap({ $0 }) {
      var recipe = trials[chosen].recipe
      recipe[keyPath: change] = true
      if try attempt(recipe).agreesMore(than: trials[chosen]) { chosen = trials.count - 1 }
    }
    trials[chosen].isChosen = true
    let recipe = trials[chosen].recipe
    let all = fitting + judging
    let numbers = try self.numbers(recipe, try observe(all, "final ranges"), sample(all), showsProgress: true)
    let plan = self.plan(recipe)
    var graph = try QDQWriter(model, plan, numbers, simulates: false).graph
    graph.compact()
    let layers = try LayerMeter(model: model, plan: plan, numbers: numbers, threads: threads)
      .measure(sample(all)) { progress("measuring layers", $0, $1) }
    let floatCorrect = zip(meant, judging).reduce(0) { $0 + Self.correct($1.0, $1.1) }
    return Result(graph: graph, recipe: recipe, trials: trials, layers: layers, floatCorrect: floatCorrect)
  }

  private func plan(_ recipe: Recipe) -> QuantizationPlan {
    let (stem, head) = QuantizationPlan.stemAndHead(model)
    var float = Set<Int>()
    if recipe.floatStem, let stem { float.insert(stem) }
    if recipe.floatHead, let head { float.insert(head) }
    return QuantizationPlan(model, float: float)
  }

  /// Evenly spaced batches with at most ``sampleLimit`` pictures.
  private func sample(_ batches: [CalibrationBatch]) -> [CalibrationBatch] {
    let wanted = max(1, Self.sampleLimit / max(1, model.inputShape[0]))
    guard batches.count > wanted else { return batches }
    return (0..<wanted).map { batches[$0 * batches.count / wanted] }
  }

  // MARK: Observing

  private func observe(
    _ batches: [CalibrationBatch], _ stage: String
  ) throws -> [Graph.ValueID: ActivationStatistics] {
    let ids = QuantizationPlan(model).free
    // The engine returns values produced by nodes; inputs are already available.
    let made = ids.filter { !model.graph.inputs.contains($0) }
    var statistics = [Graph.ValueID: ActivationStatistics]()
    for id in ids { statistics[id] = ActivationStatistics() }
    var runner = try BatchRunner(model.graph, outputs: made, inputShapes: [model.inputShape], threads: threads)
    for pass in 0..<2 {
      for (number, batch) in batches.enumerated() {
        let tensors = try runner.run([batch.images])
        for (id, tensor) in Array(zip(made, tensors)) + model.graph.inputs.map({ ($0, batch.images) }) {
          tensor.withFirst(batch.count) { elements in
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
    _ recipe: Recipe, _ statistics: [Graph.ValueID: ActivationStatistics], _ sample: [CalibrationBatch],
    showsProgress: Bool = false
  ) throws -> QuantizationNumbers {
    let plan = self.plan(recipe)
    var numbers = QuantizationNumbers()
    for id in plan.free { numbers.grids[id] = statistics[id].map { recipe.method.grid($0) } }
    for index in plan.products {
      guard let weight = model.weight(index), let scales = weightScales[recipe.clipsWeights]?[index],
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

  private func judge(_ recipe: Recipe, _ numbers: QuantizationNumbers, _ meant: [Tensor]) throws -> Trial {
    let graph = try QDQWriter(model, plan(recipe), numbers, simulates: false).graph
    let found = try scores(of: graph, judging)
    var meter = NoiseMeter()
    var (pictures, agreeing, correct) = (0, 0, 0)
    for (index, batch) in judging.enumerated() {
      meant[index].withFirst(batch.count) { meant in
        found[index].withFirst(batch.count) { found in
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
    scores.withFirst(batch.count) { scores in
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
