import Foundation
import Reports

/// A progress bar on a terminal for work in named stages; silent in a pipe.
final class StageProgress: @unchecked Sendable {  // callers use it from one thread at a time
  private let isTerminal = Rank.showsTerminal
  private var shown: ContinuousClock.Instant?
  private var isVisible = false

  /// Shows `ranges ▕██████······▏ 34/75`, or `listing 34` if the total is unknown.
  func update(_ stage: String, _ done: Int, _ total: Int) {
    guard isTerminal else { return }
    let now = ContinuousClock.now
    // At most ten updates per second.
    if let shown, (now - shown).seconds < 0.1, done != total { return }
    shown = now
    let width = 24
    let filled = total > 0 ? min(width, done * width / total) : 0
    let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled)
    isVisible = true
    guard total > 0 else { return showProgress("\(ProgressLine.erase)\(stage) \(done)") }
    showProgress("\(ProgressLine.erase)\(stage) ▕\(bar)▏ \(done)/\(total)")
  }

  func erase() {
    if isVisible { showProgress(ProgressLine.erase) }
    isVisible = false
  }
}
