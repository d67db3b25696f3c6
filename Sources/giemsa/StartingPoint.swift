import Foundation
import Imaging
import ModelGraph
import Training

/// What a training run begins with: fresh weights of an architecture, or any ONNX file's.
struct StartingPoint {
  let graph: Graph
  /// How its pictures are to be prepared, and what its classes are.
  let metadata: ModelMetadata
  /// For the record.
  let name: String

  init(_ command: TrainingOptions, classes: [String]) throws {
    var metadata = ModelMetadata()
    metadata.mean = Preprocessing.imageNetMean
    metadata.std = Preprocessing.imageNetStd
    if let from = command.from {
      let path = RunFolder.exists(from) ? try RunFolder(path: from).modelPath() : from
      var graph = try readModel(path)
      do {
        let known = try ModelMetadata(graph.metadata)
        if known.mean.count == 3 {
          metadata.mean = known.mean
          metadata.std = known.std
        }
        metadata.channelOrder = known.channelOrder
        try StartingPoint.setInput(&graph, size: command.size)
        let shape = Shape([1, 3, command.size, command.size])
        let scores = try graph.infer([shape])[graph.outputs[0]]?.shape.count ?? 0
        if known.classes != classes || scores != classes.count {
          graph = try graph.replacingHead(classes: classes.count, seed: command.seed)
        }
      } catch {
        throw CommandFailure("\(path): \(error)")
      }
      self.graph = graph
      name = URL(filePath: path).lastPathComponent
    } else {
      graph = try command.arch.graph(
        classes: classes.count, head: command.head, inputSize: (command.size, command.size), seed: command.seed)
      name = command.arch.rawValue
    }
    metadata.classes = classes
    metadata.inputSize = [command.size, command.size]
    self.metadata = metadata
  }

  /// The input becomes `[N, 3, size, size]`: training takes batches, whatever the file was exported for.
  private static func setInput(_ graph: inout Graph, size: Int) throws(GraphError) {
    guard graph.inputs.count == 1, let declaration = graph.values[graph.inputs[0]].declaration,
      declaration.type == .float32, declaration.dimensions.count == 4, !graph.outputs.isEmpty
    else {
      throw GraphError(.badInput, "is no classifier of pictures (one float32 input [N, 3, height, width])")
    }
    for axis in 2...3 {
      if case .fixed(let extent) = declaration.dimensions[axis], extent != size {
        // Networks with global pooling take other sizes too; where this one does not, its shape rules say so.
        complain("note: the model was made for \(extent) pixels and is trained at \(size)")
        break
      }
    }
    graph.values[graph.inputs[0]].declaration = Declaration(
      .float32, [.symbol("N"), .fixed(3), .fixed(size), .fixed(size)])
    for id in graph.outputs { graph.values[id].declaration = nil }
  }
}
