/// The processes (ranks) that train one network together, each on its share of every batch: ``MPIRanks``, or threads in
/// tests.
///
/// All ranks call the same methods in the same order. Once a rank is lost, or this one is told to end, ``isBroken`` is true:
/// no call waits any more, and sums are meaningless.
public protocol Ranks: AnyObject {
  var rank: Int { get }
  var count: Int { get }
  var isBroken: Bool { get }

  /// Replaces every number by its sum over all ranks. The result is the same on all of them.
  func sum(_ numbers: inout [Double])
  /// Begins the same for floats. They must not be touched until ``finishSums()`` returns.
  func beginSum(_ numbers: UnsafeMutableBufferPointer<Float>)
  /// Advances the sums in progress.
  func poll()
  func finishSums()
}

/// Another rank is lost: its process died, was told to end or does not answer. Training cannot go on.
public struct RankLost: Error, CustomStringConvertible {
  public init() {}

  public var description: String { "another process that trains the network is lost" }
}

/// The batch of which this rank has a part.
struct BatchShare {
  let ranks: any Ranks
  /// Pictures on all ranks.
  let images: Int
  /// Pictures on the ranks before this one.
  let first: Int
  /// Weight of all pictures in the loss.
  let weight: Double

  /// Every rank calls this with its own part.
  init(_ ranks: any Ranks, images: Int, weight: Double) {
    var numbers = [Double](repeating: 0, count: ranks.count + 1)
    numbers[ranks.rank] = Double(images)
    numbers[ranks.count] = weight
    ranks.sum(&numbers)
    self.ranks = ranks
    self.images = Int(numbers[..<ranks.count].reduce(0, +))
    self.first = Int(numbers[..<ranks.rank].reduce(0, +))
    self.weight = numbers[ranks.count]
  }
}
