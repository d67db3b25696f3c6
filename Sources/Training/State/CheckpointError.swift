import ModelGraph

/// Why a saved state cannot be read, or does not fit a network.
public enum CheckpointError: Error, Equatable, Sendable {
  case notACheckpoint
  case version(UInt32, supported: UInt32)
  case cutShort
  case wrongHash
  case counts(parameters: Int, statistics: Int, ofNetwork: Int, Int)
  case moments(saved: Int, ofOptimizer: Int)
  case parameter(saved: String, Shape, network: String, Shape)
  case statistic(saved: String, network: String)
}

extension CheckpointError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notACheckpoint: "not a checkpoint of giemsa"
    case .version(let version, let supported): "a checkpoint of version \(version); this program reads \(supported)"
    case .cutShort: "the checkpoint is damaged or cut short"
    case .wrongHash:
      "the checkpoint is damaged or cut short: its SHA-256 is not the one that was written with it"
    case .counts(let parameters, let statistics, let ownParameters, let ownStatistics):
      "the checkpoint has \(parameters) parameters and \(statistics) running statistics, the network "
        + "\(ownParameters) and \(ownStatistics): it is of another network"
    case .moments(let saved, let count):
      "the checkpoint has \(saved) moments for each parameter, the optimiser \(count): it is of another optimiser"
    case .parameter(let saved, let shape, let network, let ownShape):
      "the checkpoint's '\(saved)' \(shape) does not fit the network's '\(network)' \(ownShape): it is of another network"
    case .statistic(let saved, let network): "the checkpoint's '\(saved)' does not fit '\(network)'"
    }
  }
}
