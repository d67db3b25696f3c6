import Foundation
import Reports

/// A run's progress, stored in `last.state` beside the network's state. Everything else that a step depends on follows
/// from the settings, the epoch and the step.
struct RunProgress: Codable {
  var settings: RunSettings
  /// Fingerprint of the picture names and the split, to detect that either has changed.
  var pictures: String
  /// SHA-256 of pictures.csv, and thereby of every picture's pixels; empty before they are read.
  var pixels = ""
  /// SHA-256 of best.onnx.
  var best = ""
  /// The current epoch and the number of its completed steps.
  var epoch = 0
  var step = 0
  /// Sum of those steps' losses.
  var lossSum = 0.0
  var history: [EpochResult] = []

  var bytes: [UInt8] {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      return Array(try encoder.encode(self))
    }
  }

  /// Describes the first setting (or the pictures) in which `now` differs from this run; nil if it is the same run.
  func difference(to now: RunSettings, pictures: String) throws -> String? {
    func table(_ settings: RunSettings) throws -> [String: String] {
      guard let object = try JSONSerialization.jsonObject(with: Data(try settings.record().utf8)) as? [String: Any]
      else { return [:] }
      return object.mapValues { "\($0)" }
    }
    let (old, new) = (try table(settings), try table(now))
    for key in Set(old.keys).union(new.keys).sorted() where !RunProgress.indifferent.contains(key) {
      guard old[key] != new[key] else { continue }
      if now.rateChoice != nil, now.rateChoice == settings.rateChoice, key.hasPrefix("rate") { continue }
      if key == "centering" {
        let before = (settings.centering ?? "imagenet").prefix(200)
        return "was started with --normalize \(before), not \(now.centering ?? "imagenet")"
      }
      let option = RunProgress.options[key] ?? key
      let before = old[key].map { $0.count > 200 ? "\($0.prefix(200))…" : $0 } ?? "unset"
      return "was started with \(option) \(before), not \(new[key] ?? "unset")"
    }
    return self.pictures == pictures ? nil : "was started with other pictures, or some of them are gone"
  }

  /// Whether the counts fit each other and a network after `steps` steps: whoever writes a state can give it any numbers.
  func isConsistent(steps: Int, ofEpoch stepsPerEpoch: Int) -> Bool {
    let results = settings.results
    guard epoch >= 0, epoch <= settings.epochs, step >= 0, step <= stepsPerEpoch, lossSum.isFinite,
      history.count == epoch, zip(history, 0...).allSatisfy({ $0.epoch == $1 }), results.epochsDone == epoch,
      results.bestEpoch.map({ $0 >= 0 && $0 < epoch }) ?? (epoch == 0)
    else { return false }
    let (before, overflow) = epoch.multipliedReportingOverflow(by: stepsPerEpoch)
    return !overflow && steps - step == before
  }

  /// Settings that affect neither the weights nor the reported results.
  private static let indifferent: Set<String> = [
    "version", "threads", "ranks", "results", "trainCount", "validCount",
  ]
  private static let options = [
    "architecture": "--arch or --from", "head": "--head", "size": "--size", "epochs": "--epochs", "batch": "--batch",
    "rate": "--lr", "rates": "--lr's groups", "rateChoice": "--lr", "frozen": "--freeze",
    "mean": "--normalize or --from", "std": "--normalize or --from",
    "resize": "--resize", "bits": "--bits", "mixup": "--mixup", "labelSmoothing": "--label-smoothing",
    "classWeights": "--class-weights", "draws": "--balance or --draws",
    "thresholdFor": "--threshold-for", "looks": "--looks", "patience": "--patience", "start": "--from or --pretrained",
    "optimizer": "--optimizer", "weightDecay": "--weight-decay", "precision": "--precision",
    "augmentation": "--augment",
    "split": "--split", "validFraction": "--valid", "folds": "--folds", "fold": "--fold", "seed": "--seed",
    "classes": "classes", "positive": "--positive",
  ]
}

extension Sequence<String> {
  /// FNV-1a hash over the strings with a zero byte after each, in hexadecimal.
  var fingerprint: String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for text in self {
      for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
      hash = hash &* 0x100_0000_01B3
    }
    return String(hash, radix: 16)
  }
}
