import Inference
import ModelGraph

/// Pictures as the model takes them, as many as it takes at once.
public struct CalibrationBatch: Sendable {
  /// `[N, 3, H, W]`; what is behind the first `count` is there to fill it up.
  public let images: Tensor
  public let count: Int
  /// Of the first `count`: which of the model's scores should be the largest.
  public let labels: [Int]

  /// - Parameter images: `labels.count` pictures or more, at most `size`.
  public init(_ images: Tensor, labels: [Int], size: Int) throws {
    count = labels.count
    self.labels = labels
    if images.shape[0] == size {
      self.images = images
      return
    }
    var shape = images.shape
    shape[0] = size
    var full = try Tensor(zeros: shape)
    full.withMutableElements(Float.self) { target in
      images.withElements(Float.self) { source in for index in source.indices { target[index] = source[index] } }
    }
    self.images = full
  }
}

extension Tensor {
  /// The floats of the first `count` slices of the outermost axis.
  func withFirst<Result>(_ count: Int, _ body: (UnsafeBufferPointer<Float>) throws -> Result) rethrows -> Result {
    let step = shape.rank > 0 && shape[0] > 0 ? self.count / shape[0] : self.count
    return try withElements(Float.self) { try body(UnsafeBufferPointer(rebasing: $0[..<min($0.count, count * step)])) }
  }
}

/// A graph planned for batches that gives values of one's choice.
struct BatchRunner {
  private let engine: Engine
  private var results: [Tensor] = []

  /// - Parameter outputs: values that nodes make; nil: the graph's outputs.
  init(_ graph: Graph, outputs: [Graph.ValueID]? = nil, inputShapes: [Shape], threads: Int) throws {
    var graph = graph
    if let outputs { graph.outputs = outputs }
    // What is compared here is the numbers, not the kernels: their errors would hide which is better.
    engine = try Engine(graph, inputShapes: inputShapes, options: EngineOptions(threads: threads, exact: true))
  }

  mutating func run(_ inputs: [Tensor]) throws -> [Tensor] {
    if results.isEmpty { results = try engine.run(inputs) } else { try engine.run(inputs, into: &results) }
    return results
  }
}
