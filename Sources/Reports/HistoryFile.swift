import ModelGraph

/// A run's epochs as CSV, for spreadsheets and pandas.
public enum HistoryFile {
  public static let header = "epoch,train_loss,valid_loss,accuracy,seconds,images_per_second"

  public static func text(_ results: [EpochResult]) -> String {
    var text = header + "\n"
    for result in results {
      let numbers = [
        NumberText.shortest(result.trainLoss), NumberText.shortest(result.validLoss),
        NumberText.shortest(result.accuracy), NumberText.fixed(result.seconds, 2),
        NumberText.fixed(result.picturesPerSecond, 1),
      ]
      text += "\(result.epoch)," + numbers.joined(separator: ",") + "\n"
    }
    return text
  }
}
