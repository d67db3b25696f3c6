import ModelGraph
import Text

/// A run's epochs as CSV, for spreadsheets and pandas.
public enum HistoryFile {
  public static let header = "epoch,train_loss,valid_loss,accuracy"

  /// A further column of runs that have it.
  static let precision = ",average_precision"

  /// The text of `history.csv`, without times so that the same run gives the same bytes.
  public static func text(_ results: [EpochResult]) -> String {
    let hasPrecision = results.contains { $0.averagePrecision != nil }
    var text = header + (hasPrecision ? precision : "") + "\n"
    for result in results {
      let numbers = [result.trainLoss, result.validLoss, result.accuracy].map { NumberText.shortest($0) }
      text += "\(result.epoch)," + numbers.joined(separator: ",")
      if hasPrecision { text += "," + (result.averagePrecision.map { NumberText.shortest($0) } ?? "") }
      text += "\n"
    }
    return text
  }

  /// Reads what ``text(_:)`` wrote; additional columns are skipped. Lines that are not valid (such as a loss that is
  /// not a number, or an accuracy above 1) are left out.
  public static func read(_ text: String) -> [EpochResult] {
    let hasPrecision = text.hasPrefix(header + precision)
    return text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: ",")
      guard fields.count >= 4, let epoch = Int(fields[0]), let train = Double(fields[1]), let valid = Double(fields[2]),
        let accuracy = Double(fields[3]), (0...1_000_000).contains(epoch), train.isFinite, valid.isFinite,
        (0...1).contains(accuracy)
      else { return nil }
      return EpochResult(
        epoch: epoch, trainLoss: train, validLoss: valid, accuracy: accuracy,
        averagePrecision: hasPrecision && fields.count > 4
          ? Double(fields[4]).flatMap { (0...1).contains($0) ? $0 : nil } : nil, seconds: 0, picturesPerSecond: 0)
    }
  }

  public static let timesHeader = "epoch,seconds,images_per_second,waiting"

  /// The text of `times.csv`: seconds of each epoch, and the fraction of the training time spent waiting for pictures.
  public static func times(_ results: [EpochResult]) -> String {
    var text = timesHeader + "\n"
    for result in results {
      text += "\(result.epoch),\(NumberText.fixed(result.seconds, 2)),"
      text += "\(NumberText.fixed(result.picturesPerSecond, 1)),"
      text += "\(result.waiting.map { NumberText.fixed($0, 4) } ?? "")\n"
    }
    return text
  }
}
