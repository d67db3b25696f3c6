import Foundation

func rounded(_ number: Double) -> Double { (number * 10000).rounded() / 10000 }

func show(_ name: String, _ numbers: [Float]) {
  let text = numbers.map { "\(rounded(Double($0)))" }.joined(separator: " ")
  print("\(name): \(text)")
}

func readAll(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }

/// Threads that may fail.
final class Group: @unchecked Sendable {
  private let group = DispatchGroup()
  private let lock = NSLock()
  private var failure: (any Error)?

  func start(_ body: @escaping @Sendable () throws -> Void) {
    DispatchQueue.global().async(group: group) {
      do { try body() } catch { self.lock.withLock { self.failure = error } }
    }
  }

  func wait() throws {
    group.wait()
    if let failure { throw failure }
  }
}
