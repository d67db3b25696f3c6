import ModelGraph
import PictureModels

extension Graph {
  /// The graph with the metadata of a picture classifier and the record of its training.
  func described(by metadata: ModelMetadata, _ record: String) -> Graph {
    var metadata = metadata
    metadata.training = record
    var graph = self
    graph.metadata = graph.metadata.filter { !$0.key.hasPrefix("giemsa.") } + metadata.entries
    return graph
  }
}
