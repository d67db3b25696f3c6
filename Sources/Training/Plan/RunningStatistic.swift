import ModelGraph

/// A running mean or variance of a batch normalisation. Checkpoints and saved graphs hold it.
final class RunningStatistic {
  let name: String
  let value: Graph.ValueID
  var numbers: [Float]
  /// With several ranks: the updated numbers, until the step is known to be complete on all ranks.
  var pending: [Float]?

  init(name: String, value: Graph.ValueID, numbers: [Float]) {
    self.name = name
    self.value = value
    self.numbers = numbers
  }
}
