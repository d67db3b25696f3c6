import Foundation
import ModelGraph

/// A run's settings: `settings.json` in its folder, and `giemsa.training` in the model's metadata.
struct RunSettings: Codable {
  var version = Giemsa.version
  /// `resnet18`, …; the file's name if the run started from an ONNX file.
  var architecture: String
  var head: String
  var classes: [String]
  /// The positive class; nil if neither `--positive` nor the names say which.
  var positive: String?
  var size: Int
  var mean: [Float]
  var std: [Float]
  /// `cell`: each cell's own mean colour is subtracted, and mean and std are empty; nil: normalised by mean and std.
  var centering: String?
  var epochs: Int
  var batch: Int
  /// The head's maximum learning rate.
  var rate: Double
  /// The maximum rate per group of layers, if they differ.
  var rates: [Double]?
  /// `auto` if the rate was searched for.
  var rateChoice: String?
  /// `body`, or `body and its batch normalisations`.
  var frozen: String?
  /// The run or file the weights came from, without its path.
  var start: String?
  var schedule = "one-cycle"
  /// The one-cycle schedule's warm-up fraction and initial divisor, if they differ from fastai's 0.3 and 25.
  var climb: Double?
  var startDivisor: Double?
  var resize: Int?
  /// Bits of 16-bit samples that are data, if not 16.
  var bits: Int?
  var mixup: Double?
  var labelSmoothing: Double?
  /// Loss weight per class.
  var classWeights: [Double]?
  /// Pictures of each class that an epoch draws, if not every picture once.
  var draws: [Int]?
  /// What the threshold is chosen for; nil: there is none.
  var thresholdFor: String?
  /// In how many orientations cells are judged, if not in one.
  var looks: Int?
  var patience: Int?
  var optimizer: String
  var weightDecay: Double
  /// The convolutions' operand format, if not float.
  var precision: String?
  var augmentation: String
  var split: String
  var validFraction: Double
  /// For a split into folds: the number of folds, and which one is for validation, from 1.
  var folds: Int?
  var fold: Int?
  var seed: UInt64
  /// Threads of each rank.
  var threads: Int
  /// Number of ranks, if more than one.
  var ranks: Int?
  /// Number of training and validation pictures.
  var trainCount: Int
  var validCount: Int
  var results = Results()

  struct Results: Codable {
    var epochsDone = 0
    /// nil until the first epoch has ended.
    var bestEpoch: Int?
    var accuracy: Double?
    var validLoss: Double?
    /// Average precision of the positive class, by which the best epoch was chosen; nil if by its loss.
    var averagePrecision: Double?
    /// The threshold of the positive class, chosen on the validation pictures after the end of training.
    var threshold: Double?
    /// Right answers of the best epoch's network among the positive and among the other validation pictures, with the
    /// threshold applied: hits and count.
    var sensitivity: [Int]?
    var specificity: [Int]?
  }

  /// Sets the maximum learning rate of each group of layers.
  mutating func set(_ rates: [Double]) {
    rate = rates[rates.count - 1]
    self.rates = Set(rates).count > 1 ? rates : nil
  }

  /// One line of JSON without times or paths, so that the same run gives the same bytes.
  func record() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}

/// The content of `settings.json`: the settings, and data that only this folder needs.
struct RunFile: Codable {
  var settings: RunSettings
  /// Absolute path of the pictures' folder.
  var data: String
  /// The validation pictures, as `CLASS/FILE`.
  var valid: [String]
}
