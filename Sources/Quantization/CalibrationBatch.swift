import Giemsa
import ModelGraph

/// A batch of preprocessed pictures of the size that the model is planned for.
public struct CalibrationBatch: Sendable {
  /// `[N, 3, H, W]`; pictures after the first `count` are padding.
  public let images: Tensor
  public let count: Int
  /// For the first `count` pictures, the index of the actual class's score.
  public let labels: [Int]

  /// - Parameter images: at least `labels.count` pictures, at most `size`.
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
  /// The elements that belong to the pictures of `batch`, without those of its padding. The outermost axis is the batch,
  /// or the batch times the places of a picture.
  func withPictures<Result>(
    of batch: CalibrationBatch, _ body: (UnsafeBufferPointer<Float>) throws -> Result
  ) rethrows -> Result {
    let count = self.count / max(1, batch.images.shape[0]) * batch.count
    return try withElements(Float.self) { try body(UnsafeBufferPointer(rebasing: $0[..<min($0.count, count)])) }
  }
}

/// Runs a graph on batches and returns chosen intermediate values.
struct BatchRunner {
  private let session: Session
  private var results: [Tensor] = []

  /// - Parameters:
  ///   - outputs: values produced by nodes; nil means the graph's outputs.
  ///   - optimizing: as the field runs it; otherwise node by node.
  init(
    _ graph: Graph, outputs: [Graph.ValueID]? = nil, inputShapes: [Shape], threads: Int, optimizing: Bool = false
  ) throws {
    var graph = graph
    if let outputs { graph.outputs = outputs }
    // Exact kernels: the rounding errors of Winograd kernels would hide differences between the recipes.
    var options = Model.Options()
    (options.threads, options.exact) = (threads, true)
    // Every value that is recorded lies in the plan's memory and in a result.
    options.limits.memoryBytes *= 2
    session = try Model(graph: graph, isOptimized: !optimizing, inputShapes: inputShapes, options: options)
      .makeSession(plannedFor: inputShapes)
  }

  mutating func run(_ inputs: [Tensor]) throws -> [Tensor] {
    if results.isEmpty { results = try session.run(inputs) } else { try session.run(inputs, into: &results) }
    return results
  }
}
