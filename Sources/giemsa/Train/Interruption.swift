import Foundation

/// Turns Ctrl-C into a flag that is polled between two steps. A second Ctrl-C ends the program at once.
final class Interruption: @unchecked Sendable {  // `asked` is touched under `lock` only
  private let lock = NSLock()
  private var asked = false
  private var source: (any DispatchSourceSignal)?

  /// - Parameter listens: whether to install the handler; otherwise ``isAsked`` stays false.
  init(listens: Bool = true) {
    guard listens else { return }
    signal(SIGINT, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
    source.setEventHandler { [weak self] in
      guard let self, self.ask() else { return }
      signal(SIGINT, SIG_DFL)
      kill(getpid(), SIGINT)
    }
    source.resume()
    self.source = source
  }

  var isAsked: Bool { lock.withLock { asked } }

  /// Sets the flag; returns whether it was already set.
  private func ask() -> Bool {
    lock.withLock {
      let before = asked
      asked = true
      return before
    }
  }

  deinit {
    guard let source else { return }
    source.cancel()
    signal(SIGINT, SIG_DFL)
  }
}
