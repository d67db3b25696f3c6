import Foundation
import Training

/// Ranks that are threads of one process: what MPI does, without MPI.
final class ThreadRanks: Ranks, @unchecked Sendable {  // `pending` is its own thread's, the rest is the meeting's
  /// The meeting point where ranks contribute their numbers and wait for the others.
  final class Meeting: @unchecked Sendable {  // everything is touched under `condition` only
    private let condition = NSCondition()
    private var numbers: [[Double]]
    private var arrived = 0
    private var round = 0
    private var result: [Double] = []
    /// Number of reductions until the last rank is lost.
    private var left: Int

    init(_ count: Int, sums: Int = .max) {
      numbers = [[Double]](repeating: [], count: count)
      left = sums
    }

    var isBroken: Bool { condition.withLock { left <= 0 } }

    func sum(_ own: [Double], of rank: Int) -> [Double] {
      condition.lock()
      defer { condition.unlock() }
      guard left > 0 else { return own }
      let (mine, before) = (round, numbers.count - 1)
      numbers[rank] = own
      arrived += 1
      if arrived <= before {
        // A round completes on all ranks or on none: no rank is lost within one.
        while round == mine { condition.wait() }
      } else {
        result = numbers.dropFirst().reduce(numbers[0]) { zip($0, $1).map { $0 + $1 } }
        (arrived, round, left) = (0, round + 1, left - 1)
        condition.broadcast()
      }
      return result
    }
  }

  let rank: Int
  let count: Int
  private let meeting: Meeting
  private var pending: [UnsafeMutableBufferPointer<Float>] = []

  init(_ rank: Int, of count: Int, _ meeting: Meeting) {
    self.rank = rank
    self.count = count
    self.meeting = meeting
  }

  var isBroken: Bool { meeting.isBroken }

  func sum(_ numbers: inout [Double]) { numbers = meeting.sum(numbers, of: rank) }
  func beginSum(_ numbers: UnsafeMutableBufferPointer<Float>) { pending.append(numbers) }
  func poll() {}

  func finishSums() {
    for numbers in pending {
      for (index, number) in meeting.sum(numbers.map { Double($0) }, of: rank).enumerated() {
        numbers[index] = Float(number)
      }
    }
    pending = []
  }

  /// Runs `body` on as many threads at once as there are ranks. Throws what one of them throws.
  static func each<Value: Sendable>(
    _ count: Int, sums: Int = .max, _ body: @escaping @Sendable (ThreadRanks) throws -> Value
  ) throws -> [Value] {
    let meeting = Meeting(count, sums: sums)
    let results = Results<Value>(count)
    for rank in 0..<count {
      let thread = Thread {
        let ranks = ThreadRanks(rank, of: count, meeting)
        results.set(rank, Result { try body(ranks) })
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
    return try results.all.map { try $0.get() }
  }

  private final class Results<Value: Sendable>: @unchecked Sendable {  // touched under `condition` only
    private let condition = NSCondition()
    private var results: [Result<Value, any Error>?]

    init(_ count: Int) { results = [Result<Value, any Error>?](repeating: nil, count: count) }

    func set(_ rank: Int, _ result: Result<Value, any Error>) {
      condition.withLock {
        results[rank] = result
        condition.broadcast()
      }
    }

    /// Runs once all ranks have arrived.
    var all: [Result<Value, any Error>] {
      condition.lock()
      defer { condition.unlock() }
      while results.contains(where: { $0 == nil }) { condition.wait() }
      return results.compactMap { $0 }
    }
  }
}
