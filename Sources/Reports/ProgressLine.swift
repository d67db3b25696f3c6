import ModelGraph
import Text

/// What a terminal shows between two lines of the table: a bar, the pace, the time left, the running loss.
///
/// Made anew over itself with a carriage return; ``erase`` leaves nothing of it. Not for pipes.
public struct ProgressLine: Sendable {
  public var epoch: Int
  public var epochs: Int
  /// Steps done and in all, of this epoch.
  public var done: Int
  public var total: Int
  public var picturesPerSecond: Double
  /// To the end of the run.
  public var secondsLeft: Double
  public var loss: Double
  /// What is being done: `train`, `valid`.
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

  /// Back to the line's start, and everything on it gone.
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
