import Foundation
import ModelGraph
import Text

/// One epoch's results.
public struct EpochResult: Sendable, Equatable, Codable {
  /// The epoch, counted from 0 as in fastai.
  public var epoch: Int
  /// Mean loss of the epoch's training steps, each before its update.
  public var trainLoss: Double
  public var validLoss: Double
  /// 0...1.
  public var accuracy: Double
  /// Average precision of the positive class on the validation pictures; nil if epochs are compared by their loss.
  public var averagePrecision: Double?
  /// Seconds of training and validation together.
  public var seconds: Double
  /// Training pictures per second of training.
  public var picturesPerSecond: Double
  /// Fraction of the training time spent waiting for pictures; nil if unknown.
  public var waiting: Double?

  public init(
    epoch: Int, trainLoss: Double, validLoss: Double, accuracy: Double, averagePrecision: Double? = nil,
    seconds: Double, picturesPerSecond: Double, waiting: Double? = nil
  ) {
    self.epoch = epoch
    self.trainLoss = trainLoss
    self.validLoss = validLoss
    self.accuracy = accuracy
    self.averagePrecision = averagePrecision
    self.seconds = seconds
    self.picturesPerSecond = picturesPerSecond
    self.waiting = waiting
  }
}

extension EpochResult {
  /// Whether this epoch is better than an earlier one: by its average precision, if both have one, otherwise by its loss.
  /// Of equal precisions the later one is better, since the rate falls towards the end.
  ///
  /// The loss says little where one class is rare: it is that of the common class.
  public func isBetter(than earlier: EpochResult) -> Bool {
    if let averagePrecision, let other = earlier.averagePrecision { return averagePrecision >= other }
    return validLoss < earlier.validLoss
  }

  /// The best of a run's epochs, in their order; nil if there are none.
  public static func best(of history: [EpochResult]) -> EpochResult? {
    history.dropFirst().reduce(history.first) { best, next in
      best.map { next.isBetter(than: $0) ? next : $0 }
    }
  }
}

/// fastai's table of a training run: one line per epoch, the same on a terminal and in a pipe.
public enum EpochTable {
  public static let header = line("epoch", "train_loss", "valid_loss", "accuracy", "time", "images/s")

  public static func line(_ result: EpochResult) -> String {
    line(
      "\(result.epoch)", loss(result.trainLoss), loss(result.validLoss),
      NumberText.fixed(result.accuracy, 6), duration(result.seconds), NumberText.fixed(result.picturesPerSecond, 1))
  }

  /// Six decimals if they fit, else an exponent with three: `0.693147`, `1.234e12`.
  private static func loss(_ loss: Double) -> String {
    guard loss.isFinite, abs(loss) >= 10_000 else { return NumberText.fixed(loss, 6) }
    let exponent = Int(log10(abs(loss)))
    return "\(NumberText.fixed(loss / pow(10, Double(exponent)), 3))e\(exponent)"
  }

  /// `00:24`, `1:02:03`.
  public static func duration(_ seconds: Double) -> String {
    let whole = seconds.isFinite ? max(0, Int(min(seconds, 1e9).rounded())) : 0
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let text = "\(two(whole / 60 % 60)):\(two(whole % 60))"
    return whole < 3600 ? text : "\(whole / 3600):\(text)"
  }

  private static func line(_ cells: String...) -> String {
    let widths = [7, 12, 12, 10, 9, 9]
    var text = ""
    // A number that is too wide for its column shifts the following columns and stays separated from them.
    for (cell, width) in zip(cells, widths) { text += cell.utf8.count < width ? padded(cell, width) : cell + " " }
    return trimmed(text)
  }
}

/// `text`, padded on the right to `width` characters.
func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }

/// `text`, padded on the left to `width` characters.
func aligned(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}

func trimmed(_ text: String) -> String {
  var text = Substring(text)
  while text.last == " " { text.removeLast() }
  return String(text)
}
