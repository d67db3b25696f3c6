/// The processes that train one network together, each on its share of every batch: ``MPIRanks``, and threads in tests.
///
/// All of them call the same methods in the same order. Once another one is lost, or this one is told to end, nothing
/// waits any more: ``isBroken`` is true then, and sums mean nothing.
public protocol Ranks: AnyObject {
  var rank: Int { get }
  var count: Int { get }
  var isBroken: Bool { get }

  /// Every number becomes its sum over all ranks, the same on each.
  func sum(_ numbers: inout [Double])
  /// The same of floats, under way when this returns and done after ``finishSums()``: nobody touches them between.
  func beginSum(_ numbers: UnsafeMutableBufferPointer<Float>)
  /// Brings sums under way a step further.
  func poll()
  func finishSums()
}

/// What a pass must know of the batch of which this rank has a part.
struct BatchShare {
  let ranks: any Ranks
  /// Pictures of all ranks.
  let images: Int
  /// Pictures of the ranks before this one.
  let first: Int
  /// What all pictures count in the loss.
  let weight: Double

  /// Every rank tells what it has.
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
