import ModelGraph

/// A run's epochs as CSV, for spreadsheets and pandas.
public enum HistoryFile {
  public static let header = "epoch,train_loss,valid_loss,accuracy"

  /// No times in it, so that the same run gives the same bytes.
  public static func text(_ results: [EpochResult]) -> String {
    var text = header + "\n"
    for result in results {
      let numbers = [result.trainLoss, result.validLoss, result.accuracy].map { NumberText.shortest($0) }
      text += "\(result.epoch)," + numbers.joined(separator: ",") + "\n"
    }
    return text
  }

  public static let timesHeader = "epoch,seconds,images_per_second"

  /// How long each epoch took.
  public static func times(_ results: [EpochResult]) -> String {
    var text = timesHeader + "\n"
    for result in results {
      text += "\(result.epoch),\(NumberText.fixed(result.seconds, 2)),"
      text += "\(NumberText.fixed(result.picturesPerSecond, 1))\n"
    }
    return text
  }
}
