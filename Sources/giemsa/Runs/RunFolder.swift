import Datasets
import Foundation
import Reports
import Training

/// The folder of a training run.
///
///     settings.json   RunFile
///     history.csv     one line per epoch
///     times.csv       seconds and data-loading share of each epoch
///     pictures.csv    training and validation pictures: PictureRecords
///     log.csv         or log.jsonl, with --log: RunLog
///     card.md         the model card, after the end of training: ModelCard
///     best.onnx       the network of the best epoch so far (``EpochResult/isBetter(than:)``)
///     last.onnx       the network after the last step
///     last.state      weights, optimiser and RunProgress; --resume reads it
///
/// Every file is written under another name, flushed to the disk and renamed, so it is complete at any moment. best.onnx is
/// written before the state that refers to it, all other files after it: resuming writes again what was lost.
struct RunFolder {
  let path: String

  var best: String { "\(path)/best.onnx" }
  var last: String { "\(path)/last.onnx" }
  private var settingsFile: String { "\(path)/settings.json" }
  private var cardFile: String { "\(path)/card.md" }
  private var picturesFile: String { "\(path)/pictures.csv" }
  var stateFile: String { "\(path)/last.state" }
  private static let names = [
    "settings.json", "history.csv", "times.csv", "pictures.csv", "card.md", "best.onnx", "last.onnx", "last.state",
    "log.csv", "log.jsonl",
  ]

  /// Makes the folder, locks it for this process and checks before training that files can be written to it.
  ///
  /// - Parameter whole: the folder that holds all stages, if `path` is a stage; else `path`.
  static func make(_ path: String, in whole: String, overwrite: Bool, resume: Bool) throws -> RunFolder {
    let folder = RunFolder(path: path)
    guard folds(path).isEmpty else {
      throw CommandFailure("\(path): holds a run in folds; name another --out, or one of its folds")
    }
    try makeFolders(path, advice: "; name another --out")
    do {
      for folder in Set([whole, path]) { try RunLock.take(folder) }
      try checkWritable("\(path)/settings.json")
      if exists(path), !overwrite, !resume {
        throw CommandFailure(
          "\(path): already holds a run; name another --out, continue it with --resume, or give --overwrite")
      }
    } catch {
      folder.removeIfEmpty()
      throw error
    }
    return folder
  }

  /// Removes the files of an earlier run, once there is a file to replace them.
  ///
  /// - Parameter kept: paths to keep.
  func clear(butFor kept: [String] = []) {
    // The state first: without it, a half-removed run cannot be resumed.
    for name in RunFolder.names.reversed() where !kept.contains("\(path)/\(name)") {
      try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }
  }

  /// Removes unfinished files of a killed program: `.NAME.giemsa-` and a number.
  func clearUnfinished() {
    for file in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
      guard RunFolder.names.contains(where: { file.hasPrefix(".\($0).giemsa-") }) else { continue }
      try? FileManager.default.removeItem(atPath: "\(path)/\(file)")
    }
  }

  /// Removes the folder after a failure at the start, if it is empty.
  func removeIfEmpty() {
    RunLock.release(path)
    if let names = try? FileManager.default.contentsOfDirectory(atPath: path), names.isEmpty {
      try? FileManager.default.removeItem(atPath: path)
    }
  }

  // MARK: Writing

  func write(_ file: RunFile) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try write(try encoder.encode(file), to: settingsFile)
  }

  func write(history: [EpochResult]) throws {
    try write(Data(HistoryFile.text(history).utf8), to: "\(path)/history.csv")
    try write(Data(HistoryFile.times(history).utf8), to: "\(path)/times.csv")
  }

  func write(pictures: [PictureRecord]) throws { try write(RunFolder.bytes(of: pictures), to: picturesFile) }

  /// `pictures.csv`.
  static func bytes(of pictures: [PictureRecord]) -> Data {
    let lines = [PictureRecord.header] + pictures.map { $0.line }
    return Data((lines.joined(separator: "\n") + "\n").utf8)
  }

  func write(card: ModelCard) throws { try write(Data(card.text.utf8), to: cardFile) }

  private func write(_ data: Data, to file: String) throws { try writeFile(data, to: file) }

  // MARK: Reading

  func read() throws -> RunFile {
    guard let data = FileManager.default.contents(atPath: settingsFile) else {
      throw CommandFailure("\(settingsFile): cannot be read; is \(path) a run's folder?")
    }
    do {
      return try JSONDecoder().decode(RunFile.self, from: data)
    } catch {
      throw CommandFailure("\(settingsFile): damaged, or written by another version of giemsa")
    }
  }

  /// Training and validation pictures; empty if the run has no list.
  func pictures() -> [PictureRecord] {
    guard let data = FileManager.default.contents(atPath: picturesFile) else { return [] }
    return String(decoding: data, as: UTF8.self).split(separator: "\n").compactMap { PictureRecord(line: $0) }
  }

  /// nil before the end of training.
  func card() -> String? {
    FileManager.default.contents(atPath: cardFile).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The epochs; empty if `history.csv` is missing or damaged.
  func history() -> [EpochResult] {
    guard let data = FileManager.default.contents(atPath: "\(path)/history.csv") else { return [] }
    return HistoryFile.read(String(decoding: data, as: UTF8.self))
  }

  /// The first of `pictures` whose pixels have changed since `pictures.csv` was written. nil if there is none, or if that
  /// file does not have the SHA-256 `hash`.
  func firstChange(_ pictures: [PictureRecord], hash: String) -> String? {
    guard let data = FileManager.default.contents(atPath: picturesFile), ContentHash.hex(data) == hash else {
      return nil
    }
    return zip(self.pictures(), pictures).first { $0.hash != $1.hash }?.1.name
  }

  /// Throws unless `best.onnx` has the SHA-256 `hash`.
  func checkBest(_ hash: String) throws {
    guard let data = FileManager.default.contents(atPath: best), ContentHash.hex(data) == hash else {
      throw CommandFailure(
        "\(best): missing or damaged (its SHA-256 has changed since it was written); "
          + "use last.onnx, or train again with --overwrite")
    }
  }

  /// SHA-256 of `best.onnx`.
  func bestHash() throws -> String {
    guard let data = FileManager.default.contents(atPath: best) else { throw CommandFailure("\(best): cannot be read") }
    return ContentHash.hex(data)
  }

  /// The network of the best epoch, or the last network if the run stopped before the end of its first epoch.
  func modelPath() throws -> String {
    for candidate in [best, last] where FileManager.default.fileExists(atPath: candidate) { return candidate }
    throw CommandFailure("\(path): has no best.onnx; did the run save anything?")
  }
}
