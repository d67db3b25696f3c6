import Foundation
import ModelGraph

/// How a run was made: `settings.json` of its folder, and in the model's metadata (`giemsa.training`).
struct RunSettings: Codable {
  var version = Giemsa.version
  /// `resnet18`, …; the file's name where the run started from one.
  var architecture: String
  var head: String
  var classes: [String]
  var size: Int
  var mean: [Float]
  var std: [Float]
  var epochs: Int
  var batch: Int
  var rate: Double
  var schedule = "one-cycle"
  var optimizer: String
  var weightDecay: Double
  var augmentation: String
  var split: String
  var validFraction: Double
  var seed: UInt64
  var threads: Int
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
