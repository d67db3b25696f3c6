import Foundation
import ModelGraph

/// How a run was made: `settings.json` of its folder, and in the model's metadata (`giemsa.training`).
struct RunSettings: Codable {
  var version = Giemsa.version
  /// `resnet18`, …; the file's name where the run started from one.
  var architecture: String
  var head: String
  var classes: [String]
  /// The class that sensitivity is of; nil where neither `--positive` nor the names say.
  var positive: String?
  var size: Int
  var mean: [Float]
  var std: [Float]
  /// `cell`: colours are centred on each cell's own, and there are no mean and std; nil: they are not.
  var centering: String?
  var epochs: Int
  var batch: Int
  /// The head's.
  var rate: Double
  /// Of the groups of layers, where they differ.
  var rates: [Double]?
  /// `auto` where it was searched for.
  var rateChoice: String?
  /// `body`, or `body and its batch normalisations`.
  var frozen: String?
  /// The run or file the weights came from, without its path.
  var start: String?
  var schedule = "one-cycle"
  /// The schedule's share of climbing and first divisor, where they are not fastai's (0.3 and 25).
  var climb: Double?
  var startDivisor: Double?
  var resize: Int?
  var mixup: Double?
  var labelSmoothing: Double?
  /// By class.
  var classWeights: [Double]?
  var patience: Int?
  var optimizer: String
  var weightDecay: Double
  /// Of the convolutions' products, where not float.
  var precision: String?
  var augmentation: String
  var split: String
  var validFraction: Double
  /// Of a split into folds: how many, and which was kept back, from 1.
  var folds: Int?
  var fold: Int?
  var seed: UInt64
  /// Of each rank.
  var threads: Int
  /// Processes that trained together, where there were several.
  var ranks: Int?
  /// Pictures trained on and kept back.
  var trainCount: Int
  var validCount: Int
  var results = Results()

  struct Results: Codable {
    var epochsDone = 0
    /// nil before the first epoch's end.
    var bestEpoch: Int?
    var accuracy: Double?
    var validLoss: Double?
  }

  /// One highest rate for each group of layers.
  mutating func set(_ rates: [Double]) {
    rate = rates[rates.count - 1]
    self.rates = Set(rates).count > 1 ? rates : nil
  }

  /// One line of JSON. No time and no path in it, so that the same run gives the same bytes.
  func record() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}

/// `settings.json`: the settings, and what only this folder needs to know.
struct RunFile: Codable {
  var settings: RunSettings
  /// Where the pictures were, as an absolute path.
  var data: String
  /// The pictures kept back, as `CLASS/FILE`.
  var valid: [String]
}
