import Foundation
import Reports
import Text

extension FuzzTarget {
  /// `settings.json`, or a table of a run: `history.csv` or `pictures.csv`.
  static let settings = FuzzTarget(
    name: "settings",
    seeds: {
      let file = RunFile(settings: .sample, data: "/data", valid: ["Parasitized/a.png", "Uninfected/b.png"])
      let epoch = EpochResult(
        epoch: 0, trainLoss: 0.5, validLoss: 0.4, accuracy: 0.9, averagePrecision: 0.9, seconds: 1, picturesPerSecond: 9
      )
      return [
        [0] + Array(try JSONEncoder().encode(file)), [1] + Array(HistoryFile.text([epoch, epoch]).utf8),
        [2] + Array("side,hash,picture\ntrain,0a,\"a,b/c.png\"\nvalid,0b,'=x/y.png\n".utf8),
      ]
    }
  ) { bytes in
    guard let kind = bytes.first else { return }
    let rest = Array(bytes.dropFirst())
    let text = String(decoding: rest, as: UTF8.self)
    switch kind % 3 {
    case 0:
      let file = try JSONDecoder().decode(RunFile.self, from: Data(rest))
      let again = try JSONDecoder().decode(RunSettings.self, from: Data(try file.settings.record().utf8))
      precondition(again.classes == file.settings.classes && again.size == file.settings.size)
    case 1:
      for result in HistoryFile.read(text) { precondition(result.epoch >= 0) }
    default:
      for record in text.split(separator: "\n").compactMap({ PictureRecord(line: $0) }) { _ = record.entry }
    }
  }
}
