import Inference
import ModelGraph
import Text

extension Model {
  /// How a model is planned and run.
  public struct Options: Sendable {
    /// What packed weights may take for speed: ``EngineOptions/Memory/small``, `balanced` or `fast`.
    public typealias Memory = EngineOptions.Memory

    /// What layers of floats are multiplied in: ``EngineOptions/Precision/float`` or `bfloat16`.
    public typealias Precision = EngineOptions.Precision

    /// Threads that share one run, the caller's counted: 1 to 1024. More than 64 count as 64.
    public var threads = 1
    public var memory = Memory.balanced
    /// No Winograd convolutions: smaller rounding errors, slower.
    public var exact = false
    /// bf16 halves the memory of weights, and multiplies several times as fast where the processor can; answers differ by
    /// some thousandths. Elsewhere layers are run in float.
    public var precision = Precision.float
    /// Pictures at once, 1 to 4096: the first axis of each input, if the file leaves it open.
    public var batch = 1
    /// Height and width in pixels: the last two axes of inputs of four, if the file leaves them open.
    public var pictureSize: (height: Int, width: Int)?
    /// A shape for each input. It counts more than ``batch`` and ``pictureSize``.
    public var inputShapes: [Shape]?
    /// What a file may ask for. A service that takes files from strangers may want less than ``Limits/standard``.
    public var limits = Limits.standard
    /// Measures the time of each step of a run (``Session/steps``).
    public var measuresSteps = false

    public init() {}

    var engine: EngineOptions {
      // More than 64 threads would only wait.
      var engine = EngineOptions(threads: min(threads, 64), profile: measuresSteps, memory: memory, exact: exact)
      engine.precision = precision
      engine.limits = limits
      return engine
    }

    /// Throws E213 for numbers out of range.
    func check() throws(GraphError) {
      guard (1...1024).contains(threads) else {
        throw GraphError(.badInput, "\(threads) threads; 1 to 1024 are possible")
      }
      guard (1...4096).contains(batch) else {
        throw GraphError(.badInput, "a batch of \(batch) pictures; 1 to 4096 are possible")
      }
      let sides = PictureClassifier.inputSides
      if let size = pictureSize, !sides.contains(size.height) || !sides.contains(size.width) {
        throw GraphError(
          .badInput,
          "pictures of \(size.height)x\(size.width) pixels; 1 to \(sides.upperBound) a side are possible")
      }
    }

    /// The inputs' shapes; nil if one of them is left open. Throws E213 if a given number contradicts the file.
    func shapes(for inputs: [Port]) throws(GraphError) -> [Shape]? {
      if let inputShapes {
        try check(inputShapes, for: inputs)
        return inputShapes
      }
      var shapes: [Shape] = []
      var isOpen = false
      for input in inputs {
        var extents: [Int] = []
        for (axis, dimension) in input.dimensions.enumerated() {
          let given = extent(axis, of: input)
          switch dimension {
          case .symbol:
            if given == nil { isOpen = true }
            extents.append(given ?? 0)
          case .fixed(let extent):
            if let given, given != extent, axis != 0 || given != 1 {
              throw GraphError(
                .badInput, "input '\(input.name)' is fixed to \(extent) along axis \(axis), not \(given)")
            }
            extents.append(extent)
          }
        }
        shapes.append(Shape(extents))
      }
      return isOpen ? nil : shapes
    }

    /// Throws E213 unless every shape fits its input's declaration.
    func check(_ shapes: [Shape], for inputs: [Port]) throws(GraphError) {
      guard shapes.count == inputs.count else {
        throw GraphError(.badInput, "the model has \(inputs.count) inputs; \(shapes.count) shapes were given")
      }
      for (input, shape) in zip(inputs, shapes) {
        guard shape.rank == input.dimensions.count else {
          throw GraphError(
            .badInput, "input '\(input.name)' has \(input.dimensions.count) axes; the shape given is \(shape)")
        }
        for (axis, dimension) in input.dimensions.enumerated() {
          guard shape[axis] >= 0 else {
            throw GraphError(.badInput, "input '\(input.name)' cannot be \(shape): an extent is negative")
          }
          if case .fixed(let extent) = dimension, extent != shape[axis] {
            throw GraphError(
              .badInput, "input '\(input.name)' is fixed to \(extent) along axis \(axis), not \(shape[axis])")
          }
        }
      }
    }

    /// The inputs' shapes. Throws E213 if one of them is left open.
    func planned(_ inputs: [Port]) throws(GraphError) -> [Shape] {
      guard let shapes = try shapes(for: inputs) else { throw missingShape(inputs) }
      return shapes
    }

    private func missingShape(_ inputs: [Port]) -> GraphError {
      for input in inputs {
        for (axis, dimension) in input.dimensions.enumerated() {
          if case .symbol(let symbol) = dimension, extent(axis, of: input) == nil {
            let isSide = input.dimensions.count == 4 && axis >= 2
            return GraphError(
              .badInput,
              "input '\(input.name)' leaves '\(symbol)' open; give "
                + (isSide ? "a picture size (giemsa-field: --size HEIGHTxWIDTH)" : "the input's shape"))
          }
        }
      }
      return GraphError(.badInput, "an input's shape is left open")
    }

    /// What ``batch`` and ``pictureSize`` say of an axis.
    private func extent(_ axis: Int, of input: Port) -> Int? {
      switch axis {
      case 0: batch
      case 2 where input.dimensions.count == 4: pictureSize?.height
      case 3 where input.dimensions.count == 4: pictureSize?.width
      default: nil
      }
    }
  }
}
