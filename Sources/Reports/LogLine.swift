import ModelGraph
import Text

/// One log line, about a training step or an epoch.
public struct LogLine: Sendable, Equatable {
  public var isEpoch: Bool
  public var epoch: Int
  /// Number of completed steps of the run.
  public var step: Int
  /// Loss of the step before its update, or the epoch's mean.
  public var trainLoss: Double
  public var validLoss: Double?
  public var accuracy: Double?
  /// Learning rate of the head.
  public var rate: Double?
  public var seconds: Double
  public var picturesPerSecond: Double
  /// Fraction of the time spent waiting for pictures.
  public var waiting: Double?

  /// The line of a step.
  public init(
    epoch: Int, step: Int, loss: Double, rate: Double, seconds: Double, picturesPerSecond: Double, waiting: Double
  ) {
    isEpoch = false
    self.epoch = epoch
    self.step = step
    trainLoss = loss
    self.rate = rate
    self.seconds = seconds
    self.picturesPerSecond = picturesPerSecond
    self.waiting = waiting
  }

  /// The line of an epoch that ended after `step`.
  public init(_ result: EpochResult, step: Int) {
    isEpoch = true
    epoch = result.epoch
    self.step = step
    trainLoss = result.trainLoss
    validLoss = result.validLoss
    accuracy = result.accuracy
    seconds = result.seconds
    picturesPerSecond = result.picturesPerSecond
    waiting = result.waiting
  }

  public static let csvHeader =
    "kind,epoch,step,train_loss,valid_loss,accuracy,rate,seconds,images_per_second,waiting"

  private var fields: [(name: String, text: String?)] {
    func shortest(_ number: Double?) -> String? { number.map { NumberText.shortest($0) } }
    return [
      ("epoch", "\(epoch)"), ("step", "\(step)"), ("train_loss", shortest(trainLoss)),
      ("valid_loss", shortest(validLoss)), ("accuracy", shortest(accuracy)), ("rate", shortest(rate)),
      ("seconds", NumberText.fixed(seconds, 3)), ("images_per_second", NumberText.fixed(picturesPerSecond, 1)),
      ("waiting", waiting.map { NumberText.fixed($0, 4) }),
    ]
  }

  private var kind: String { isEpoch ? "epoch" : "step" }

  /// CSV fields in the header's order; unknown values are empty.
  public var csv: String { ([kind] + fields.map { $0.text ?? "" }).joined(separator: ",") }

  /// `{"kind":"step","epoch":0,…}`, without unknown values.
  public var json: String {
    let known = fields.compactMap { field in field.text.map { ",\"\(field.name)\":\($0)" } }
    return "{\"kind\":\"\(kind)\"" + known.joined() + "}"
  }
}
