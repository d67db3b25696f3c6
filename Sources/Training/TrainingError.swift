/// What can stop training although the graph is sound: the machine, the caller's data, or a loss that diverges.
///
/// Faults of the graph are a `GraphError`, those of a saved state a ``CheckpointError``, a lost process is ``RankLost``.
public enum TrainingError: Error, Equatable, Sendable {
  case noBfloat16
  case noThreads(Int)
  case noBLASMemory
  case noWeightMemory(mebibytes: Int)
  case noActivationMemory(mebibytes: Int)
  case rates(given: Int, groups: Int)
  case labels(given: Int, pictures: Int)
  case label(Int32, classes: Int)
  case oneValuePerChannel(_ place: String)
  case lossNotFinite(step: Int)
}

extension TrainingError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noBfloat16: "this processor cannot multiply bfloat16 (AVX512-BF16, or BF16 of Armv8.6)"
    case .noThreads(let count): "the system gives no \(count) threads"
    case .noBLASMemory: "no memory for OpenBLAS, which takes 128 MiB to work in (or libopenblas.so.0 is missing)"
    case .noWeightMemory(let size): "no memory for \(size) MiB of weights"
    case .noActivationMemory(let size): "no memory for \(size) MiB of activations; take a smaller batch or pictures"
    case .rates(let given, let groups): "\(given) learning rates for \(groups) groups of layers"
    case .labels(let given, let pictures): "\(given) labels for \(pictures) pictures"
    case .label(let label, let classes): "label \(label) where the network has \(classes) classes"
    case .oneValuePerChannel(let place):
      "\(place): batch normalisation needs more than one value per channel; take a larger batch"
    case .lossNotFinite(let step): "the loss is not a number in step \(step); take a lower rate"
    }
  }
}
