import ModelGraph
import Text

/// The progress line on a terminal below the table: bar, pace, remaining time and running loss.
///
/// It overwrites itself with a carriage return; ``erase`` removes it. Not for pipes.
public struct ProgressLine: Sendable {
  public var epoch: Int
  public var epochs: Int
  /// Completed and total steps of this epoch.
  public var done: Int
  public var total: Int
  public var picturesPerSecond: Double
  /// Estimated seconds to the end of the run.
  public var secondsLeft: Double
  public var loss: Double
  /// The phase: `train` or `valid`.
  public var phase: String

  public init(
    epoch: Int, epochs: Int, done: Int, total: Int, picturesPerSecond: Double, secondsLeft: Double, loss: Double,
    phase: String
  ) {
    self.epoch = epoch
    self.epochs = epochs
    self.done = done
    self.total = total
    self.picturesPerSecond = picturesPerSecond
    self.secondsLeft = secondsLeft
    self.loss = loss
    self.phase = phase
  }

  /// Moves to the start of the line and clears it.
  public static let erase = "\r\u{1B}[K"

  /// `3/8 train ▕██████······▏ 34/75  212.4 images/s  loss 0.2134  01:12 left`
  public var text: String {
    let width = 24
    let filled = total > 0 ? min(width, done * width / total) : 0
    let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled)
    var text = "\(epoch + 1)/\(epochs) \(phase) ▕\(bar)▏ \(done)/\(total)"
    if picturesPerSecond > 0 { text += "  \(NumberText.fixed(picturesPerSecond, 1)) images/s" }
    if loss.isFinite { text += "  loss \(NumberText.fixed(loss, 4))" }
    if secondsLeft.isFinite, secondsLeft > 0 { text += "  \(EpochTable.duration(secondsLeft)) left" }
    return ProgressLine.erase + text
  }
}
