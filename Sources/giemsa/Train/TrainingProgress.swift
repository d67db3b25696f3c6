import Foundation
import Reports

/// The progress line on a terminal while an epoch runs; silent in a pipe.
final class TrainingProgress {
  enum Phase: String {
    case train, valid
  }

  private let epochs: Int
  private let steps: [Phase: Int]
  private let batch: Int
  private let isTerminal = Rank.showsTerminal
  private let started = ContinuousClock.now
  private var shown: ContinuousClock.Instant?
  private var phaseStart: (phase: Phase, epoch: Int, at: ContinuousClock.Instant)?
  private var smoothLoss = Double.nan
  /// Work done before this process started (in training steps), for the estimate of the remaining time.
  private var before: Double?
  private var isVisible = false

  init(epochs: Int, trainSteps: Int, validSteps: Int, batch: Int) {
    self.epochs = epochs
    self.batch = batch
    steps = [.train: trainSteps, .valid: validSteps]
  }

  /// Updates the line after `done` steps of a phase.
  func update(_ epoch: Int, _ phase: Phase, _ done: Int, loss: Double) {
    guard isTerminal else { return }
    let now = ContinuousClock.now
    if phaseStart?.phase != phase || phaseStart?.epoch != epoch { phaseStart = (phase, epoch, now) }
    if loss.isFinite { smoothLoss = smoothLoss.isFinite ? smoothLoss * 0.9 + loss * 0.1 : loss }
    let total = steps[phase] ?? 0
    // At most ten updates per second.
    if let shown, (now - shown).seconds < 0.1, done < total { return }
    shown = now
    // A validation step costs about a third of a training step: close enough to estimate the remaining time.
    let train = Double(steps[.train] ?? 0)
    let perEpoch = train + Double(steps[.valid] ?? 0) / 3
    let inEpoch = phase == .train ? Double(done) : train + Double(done) / 3
    let work = Double(epoch) * perEpoch + inEpoch
    let elapsed = (now - started).seconds
    let start = before ?? work - (phase == .train ? 1 : 1.0 / 3)
    before = start
    let inPhase = phaseStart.map { (now - $0.at).seconds } ?? 0
    let line = ProgressLine(
      epoch: epoch, epochs: epochs, done: done, total: total,
      picturesPerSecond: done > 1 && inPhase > 0 ? Double((done - 1) * batch) / inPhase : 0,
      secondsLeft: elapsed / (work - start) * (perEpoch * Double(epochs) - work), loss: smoothLoss,
      phase: phase.rawValue)
    showProgress(line.text)
    isVisible = true
  }

  func erase() {
    if isVisible {
      showProgress(ProgressLine.erase)
    }
    isVisible = false
  }
}
