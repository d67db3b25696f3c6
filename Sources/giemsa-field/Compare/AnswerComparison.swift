import Giemsa
import Platform
import Text

/// Runs both models of `compare` on the same inputs.
struct AnswerComparison {
  /// What came of one output over all inputs.
  struct Output {
    let name: String
    /// Inputs for which it agrees, and for which it is the same bit for bit.
    var agreeing = 0
    var identical = 0
    var largest = 0.0
    var squares = 0.0
    var oldSquares = 0.0
    /// Rows of scores, and those whose largest score is that of the same class.
    var rows = 0
    var sameClass = 0

    /// Relative to the old output's size.
    var relative: Double { oldSquares > 0 ? (squares / oldSquares).squareRoot() : squares > 0 ? .infinity : 0 }
  }

  /// What came of pictures.
  struct Pictures {
    var count = 0
    var identical = 0
    var sameClass = 0
    /// Of a class's probability.
    var largest = 0.0
    var different: [(path: String, old: String, new: String)] = []
  }

  static let rules = [
    OptionRule(name: "--cases", value: "DIR", help: "stored inputs, as for verify; may be given several times"),
    OptionRule(name: "--inputs", value: "N", help: "random inputs, if there are none; default 3"),
    OptionRule(name: "--seed", value: "N", help: "of the random inputs; default 1"),
    OptionRule(name: "--rtol", value: "R", help: "relative tolerance, as for verify"),
    OptionRule(name: "--atol", value: "A", help: "absolute tolerance, as for verify"),
  ]

  /// For everything that reads the models, signatures included.
  var limits: Limits { engine.limits }
  private let engine: Model.Options
  private let tolerance: Tolerance
  private let agreement: Double?
  private let cases: [String]
  private let pictures: [String]
  private let randomCount: Int
  private let seed: Int
  private let speedSeconds: Double

  private(set) var inputCount = 0
  private(set) var outputs: [Output] = []
  private(set) var answers: Pictures?
  /// Median milliseconds.
  private(set) var speed: (old: Double, new: Double)?

  init(_ options: CommandLineOptions) throws(UsageError) {
    engine = try EngineRules.read(options)
    tolerance = try Tolerance(options)
    agreement = options.string("--agreement") == nil ? nil : try options.double("--agreement", default: 1, in: 0...1)
    cases = options.strings("--cases").flatMap { CaseRunner.cases(in: $0) }
    var walk = PictureWalk()
    for path in options.strings("--pictures") { walk.add(path) }
    if let problem = walk.problems.first { throw UsageError(message: problem) }
    pictures = walk.files
    randomCount = try options.int("--inputs", default: 3, in: 1...1000)
    seed = try options.int("--seed", default: 1, in: 0...Int(Int32.max))
    speedSeconds = try options.double("--speed", default: 0, in: 0...3600)
  }

  /// Whether all answers are the same bit for bit.
  var isIdentical: Bool {
    outputs.allSatisfy { $0.identical == inputCount } && answers.map { $0.identical == $0.count } ?? true
  }

  /// Whether they are the same within the tolerance, or to the share that is wanted.
  var agrees: Bool {
    if let agreement {
      var (rows, same) = (answers?.count ?? 0, answers?.sameClass ?? 0)
      for output in outputs {
        rows += output.rows
        same += output.sameClass
      }
      return rows > 0 && Double(same) >= agreement * Double(rows)
    }
    return outputs.allSatisfy { $0.agreeing == inputCount } && answers.map { $0.sameClass == $0.count } ?? true
  }

  mutating func run(_ old: ReadModel, _ new: ReadModel) throws(ChangeProblem) {
    let (a, b) = (CaseModel(old, options: engine), CaseModel(new, options: engine))
    outputs = a.outputNames.map { Output(name: $0) }
    for folder in cases {
      do throws(GraphError) {
        let inputs = try CaseRunner.tensors(folder, "input", a.inputCount, limits: engine.limits)
        try compare(a, b, inputs)
      } catch {
        throw ChangeProblem(folder, error)
      }
    }
    if cases.isEmpty, pictures.isEmpty {
      for draw in 0..<randomCount {
        do throws(GraphError) {
          try compare(a, b, try a.randomInputs(seed: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(draw)))
        } catch {
          throw ChangeProblem(new.path, error)
        }
      }
    }
    if !pictures.isEmpty { try comparePictures(old, new) }
    if speedSeconds > 0 { try measure(old, new) }
  }

  private func classifier(_ model: ReadModel) throws(ChangeProblem) -> PictureClassifier {
    do {
      return try model.makeClassifier(engine)
    } catch {
      throw ChangeProblem(model.path, error)
    }
  }

  private mutating func compare(_ a: CaseModel, _ b: CaseModel, _ inputs: [Tensor]) throws(GraphError) {
    let (old, new) = (try a.run(inputs), try b.run(inputs))
    guard old.count == new.count, old.count == outputs.count else {
      throw GraphError(.noOutput, "one model gives \(old.count) outputs, the other \(new.count)")
    }
    inputCount += 1
    for index in outputs.indices { outputs[index].add(old[index], new[index], tolerance) }
  }

  private mutating func comparePictures(_ old: ReadModel, _ new: ReadModel) throws(ChangeProblem) {
    let models = (old: try classifier(old), new: try classifier(new))
    var result = Pictures()
    for path in pictures {
      do throws(ClassificationError) {
        let (old, new) = (try models.old.classify(contentsOf: path), try models.new.classify(contentsOf: path))
        result.count += 1
        if old.probabilities == new.probabilities { result.identical += 1 }
        for (p, q) in zip(old.probabilities, new.probabilities) {
          result.largest = max(result.largest, (p - q).magnitude)
        }
        if old.className.isExactly(new.className) {
          result.sameClass += 1
        } else {
          result.different.append(
            (
              path, "\(old.className) \(NumberText.fixed(old.probability, 4))",
              "\(new.className) \(NumberText.fixed(new.probability, 4))"
            ))
        }
      } catch {
        throw ChangeProblem("\(path): \(error)")
      }
    }
    answers = result
  }

  /// Runs both in turn, so that what else the machine does meets both alike.
  private mutating func measure(_ old: ReadModel, _ new: ReadModel) throws(ChangeProblem) {
    do throws(GraphError) {
      let sessions = try [old, new].map { model throws(GraphError) in try model.makeSession(engine) }
      let inputs = try sessions.map { session throws(GraphError) in try Benchmark.noise(for: session) }
      var results: [[Tensor]] = []
      for (session, input) in zip(sessions, inputs) { results.append(try session.run(input)) }
      var times: [[Double]] = [[], []]
      let end = platform_seconds() + speedSeconds
      repeat {
        for index in 0...1 {
          let start = platform_seconds()
          try sessions[index].run(inputs[index], into: &results[index])
          times[index].append(platform_seconds() - start)
        }
      } while times[0].count < 10 || platform_seconds() < end
      for index in 0...1 { times[index] = times[index].inOrder { $0 < $1 } }
      speed = (times[0][times[0].count / 2] * 1000, times[1][times[1].count / 2] * 1000)
    } catch {
      throw ChangeProblem(new.path, error)
    }
  }
}

extension AnswerComparison.Output {
  fileprivate mutating func add(_ old: Tensor, _ new: Tensor, _ tolerance: Tolerance) {
    guard old.type == new.type, old.shape == new.shape else {
      largest = .infinity
      return
    }
    if old.withBytes({ x in new.withBytes { y in !x.indices.contains { x[$0] != y[$0] } } }) { identical += 1 }
    if Comparison(new, old, tolerance).agrees { agreeing += 1 }
    let (x, y) = (old.doubles, new.doubles)
    for (a, b) in zip(x, y) where a != b && !(a.isNaN && b.isNaN) {
      largest = max(largest, (a - b).magnitude)
      squares += (a - b) * (a - b)
    }
    for a in x { oldSquares += a * a }
    if let classes = ClassAgreement(new, old) {
      rows += classes.rows
      sameClass += classes.same
    }
  }
}
