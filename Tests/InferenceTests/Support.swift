import Inference
import ModelGraph
import Testing

/// The same numbers every time.
struct Noise {
  private var state: UInt64

  init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

  mutating func int(_ range: ClosedRange<Int>) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return range.lowerBound + Int(state >> 33) % range.count
  }

  mutating func chance(_ oneIn: Int) -> Bool { int(1...oneIn) == 1 }

  mutating func floats(_ count: Int, scale: Float = 1) -> [Float] {
    (0..<count).map { _ in Float(int(-1_000_000...1_000_000)) * 1e-6 * scale }
  }

  mutating func tensor(_ shape: Shape, scale: Float = 1) throws -> Tensor {
    try Tensor(shape, floats(shape.count, scale: scale))
  }
}

/// A graph builder whose nodes are written by their ONNX names.
struct Sketch {
  var graph = Graph(name: "sketch")
  var noise: Noise

  init(seed: Int) { noise = Noise(seed) }

  mutating func input(_ shape: Shape, _ type: ElementType = .float32) -> Int {
    graph.addInput("input\(graph.inputs.count)", Declaration(type, shape))
  }

  mutating func constant(_ shape: Shape, scale: Float = 1) throws -> Int {
    graph.addConstant("constant\(graph.values.count)", try noise.tensor(shape, scale: scale))
  }

  mutating func constant(_ tensor: Tensor) -> Int { graph.addConstant("constant\(graph.values.count)", tensor) }

  mutating func node(
    _ name: String, _ inputs: [Int?], _ attributes: [Attribute] = [], domain: OperatorDomain = .onnx
  ) throws -> Int {
    let operation = try Operator(named: name, domain: domain, inputCount: inputs.count, attributes)
    return graph.add(operation, "\(name)_\(graph.nodes.count)", inputs)
  }

  mutating func output(_ id: Int) { graph.outputs.append(id) }

  /// Runs the graph with kernels and with the definitions and expects the same, for one and for three threads, twice
  /// each (the second run starts with the first one's data in its buffers). Without Winograd, whose errors are measured
  /// before activations; see `WinogradChoiceTests`.
  ///
  /// - Parameters:
  ///   - given: the inputs; nil for noise.
  ///   - references: how many steps may run by their definition; nil for any number.
  mutating func check(
    _ given: [Tensor]? = nil, tolerance: Float = 1e-5, references: Int? = 0, exact: Bool = true,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var inputs = given ?? []
    for id in graph.inputs where given == nil {
      let declaration = try #require(graph.values[id].declaration, sourceLocation: sourceLocation)
      inputs.append(try noise.tensor(declaration.shape(), scale: 2))
    }
    let expected = try graph.evaluate(inputs)
    for threads in [1, 3] {
      let engine = try Engine(graph, options: EngineOptions(threads: threads, exact: exact))
      let planned = engine.profile.map { "\($0.name) \($0.kernel)" }.joined(separator: ", ")
      let reference = engine.profile.count { $0.kernel == "reference" }
      #expect(reference == references ?? reference, "\(planned)", sourceLocation: sourceLocation)
      for _ in 0..<2 {
        let found = try engine.run(inputs)
        #expect(found.count == expected.count, sourceLocation: sourceLocation)
        for (a, b) in zip(found, expected) {
          #expect(a.shape == b.shape, sourceLocation: sourceLocation)
          let (x, y) = (a.array(of: Float.self), b.array(of: Float.self))
          let largest = y.reduce(1) { $1.isFinite ? max($0, abs($1)) : $0 }
          let wrong = zip(x, y).count { found, wanted in
            found.isNaN && wanted.isNaN || found == wanted ? false : !(abs(found - wanted) <= tolerance * largest)
          }
          #expect(wrong == 0, "of \(y.count), \(planned)", sourceLocation: sourceLocation)
        }
      }
    }
  }
}
