import Datasets
import Foundation
import ModelGraph
import ONNXFormat
import Platform
import Reports
import Text
import Training

/// A mistake in what a command was given, in one sentence.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// The folder of a training run.
///
///     settings.json   RunFile
///     history.csv     one line an epoch
///     times.csv       how long each epoch took
///     pictures.csv    what was trained on and what was kept back: PictureRecords
///     log.csv         RunLog, or log.jsonl: what --log asks for
///     card.md         what to know of the model, once training has come to its end: ModelCard
///     best.onnx       the network of the best epoch so far (lowest validation loss)
///     last.onnx       the network as training left it
///     last.state      weights, optimiser and RunProgress: what --resume goes on from
///
/// Every file is written beside its place, brought to the disk and renamed, so each is whole at any moment. best.onnx is
/// written before the state that knows of it, all others after: resuming makes again whatever came too late.
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

  /// Whether there is a run at `path`.
  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(path)/settings.json")
  }

  /// The run at `path`: the folder itself, or the last of the stages in it; nil if there is neither.
  static func find(_ path: String) -> RunFolder? {
    if exists(path) { return RunFolder(path: path) }
    let stages = (1...99).map { "\(path)/stage-\($0)" }
    return stages.last { exists($0) }.map { RunFolder(path: $0) }
  }

  /// Where `path` is a run in folds and one run was wanted: which to name.
  static func foldsFailure(_ path: String) -> CommandFailure? {
    let count = folds(path).count
    guard count > 0 else { return nil }
    return CommandFailure(
      "\(path): a run in folds, a network each; name one of them: \(path)/fold-1"
        + (count > 1 ? " to \(path)/fold-\(count)" : ""))
  }

  /// The runs of `path`/fold-1, fold-2, …, of each its last stage; empty if there are none.
  static func folds(_ path: String) -> [RunFolder] {
    var found: [RunFolder] = []
    while let next = find("\(path)/fold-\(found.count + 1)") { found.append(next) }
    return found
  }

  /// Makes the folder, takes it for this process and proves that files can be written to it: before training, not after.
  ///
  /// - Parameter whole: what `path` lies in, where it is one of several stages.
  static func make(_ path: String, in whole: String, overwrite: Bool, resume: Bool) throws -> RunFolder {
    let folder = RunFolder(path: path)
    guard folds(path).isEmpty else {
      throw CommandFailure("\(path): holds a run in folds; name another --out, or one of its folds")
    }
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw CommandFailure("\(path): cannot be written to; name another --out")
    }
    do {
      for folder in Set([whole, path]) { try RunLock.take(folder) }
      try checkWritable("\(path)/settings.json")
      if exists(path), !overwrite, !resume {
        throw CommandFailure(
          "\(path): holds a run already; name another --out, go on with it by --resume, or give --overwrite")
      }
    } catch {
      folder.removeIfEmpty()
      throw error
    }
    return folder
  }

  /// Takes away what an earlier run left, once there is something to put in its place.
  ///
  /// - Parameter kept: paths that stay.
  func clear(butFor kept: [String] = []) {
    // The state first: without it nobody can go on with half of what is left.
    for name in RunFolder.names.reversed() where !kept.contains("\(path)/\(name)") {
      try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }
  }

  /// Takes away files that a killed program was writing: `.NAME.giemsa-` and a number.
  func clearUnfinished() {
    for file in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
      guard RunFolder.names.contains(where: { file.hasPrefix(".\($0).giemsa-") }) else { continue }
      try? FileManager.default.removeItem(atPath: "\(path)/\(file)")
    }
  }

  /// Leaves no empty folder behind after a failure at the start.
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

  /// The network's state with the run's progress.
  ///
  /// - Parameter isUrgent: do not wait for the disk, for little time is left; ``flushState()`` does.
  func write(state network: TrainingNetwork, _ progress: RunProgress, isUrgent: Bool = false) throws {
    var file: Int32 = -1
    var error = stateFile.withPath { platform_replace_begin($0, &file) }
    if error == 0 {
      let writer = PieceWriter(file)
      do { try network.writeState(notes: try progress.bytes) { writer.write($0) } } catch {
        platform_replace_abandon(file)
        throw error
      }
      error = writer.error
      if error == 0 {
        error = platform_replace_commit(file, isUrgent ? 1 : 0)
      } else {
        platform_replace_abandon(file)
      }
    }
    try checkWritten(error, stateFile)
  }

  /// Brings `last.state` to the disk.
  func flushState() {
    let file = open(stateFile, O_RDONLY)
    guard file >= 0 else { return }
    fsync(file)
    close(file)
  }

  /// Whether there is a `last.state` that was written after `date`.
  func hasState(since date: Date) -> Bool {
    let written = try? FileManager.default.attributesOfItem(atPath: stateFile)[.modificationDate] as? Date
    return written.map { $0 > date } ?? false
  }

  private final class PieceWriter {
    private let file: Int32
    private(set) var error: Int32 = 0

    init(_ file: Int32) { self.file = file }

    func write(_ bytes: UnsafeRawBufferPointer) {
      if error == 0 { error = platform_write(file, bytes.baseAddress, bytes.count) }
    }
  }

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

  /// What was trained on and kept back; empty where the run does not tell.
  func pictures() -> [PictureRecord] {
    guard let data = FileManager.default.contents(atPath: picturesFile) else { return [] }
    return String(decoding: data, as: UTF8.self).split(separator: "\n").compactMap { PictureRecord(line: $0) }
  }

  /// nil before training has come to its end.
  func card() -> String? {
    FileManager.default.contents(atPath: cardFile).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The epochs; empty where `history.csv` is missing or damaged.
  func history() -> [EpochResult] {
    guard let data = FileManager.default.contents(atPath: "\(path)/history.csv") else { return [] }
    return HistoryFile.read(String(decoding: data, as: UTF8.self))
  }

  /// The first of `pictures` whose pixels are others than `pictures.csv` says; nil where that file is not the one that
  /// `hash` tells, or none of them is.
  func firstChange(_ pictures: [PictureRecord], hash: String) -> String? {
    guard let data = FileManager.default.contents(atPath: picturesFile), ContentHash.hex(data) == hash else {
      return nil
    }
    return zip(self.pictures(), pictures).first { $0.hash != $1.hash }?.1.name
  }

  /// Throws unless `best.onnx` is the file that `hash` tells.
  func checkBest(_ hash: String) throws {
    guard let data = FileManager.default.contents(atPath: best), ContentHash.hex(data) == hash else {
      throw CommandFailure(
        "\(best): is gone or damaged: its SHA-256 is another than when it was written; "
          + "take last.onnx, or train again with --overwrite")
    }
  }

  /// SHA-256 of `best.onnx`.
  func bestHash() throws -> String {
    guard let data = FileManager.default.contents(atPath: best) else { throw CommandFailure("\(best): cannot be read") }
    return ContentHash.hex(data)
  }

  /// The bytes of `last.state`; nil where there is none.
  func state() throws -> [UInt8]? {
    guard FileManager.default.fileExists(atPath: stateFile) else {
      guard RunFolder.exists(path) else { return nil }
      throw CommandFailure("\(path): has no last.state to go on from; begin again with --overwrite")
    }
    guard let data = FileManager.default.contents(atPath: stateFile) else {
      throw CommandFailure("\(stateFile): cannot be read")
    }
    return Array(data)
  }

  func progress(in state: [UInt8]) throws -> RunProgress {
    do {
      return try JSONDecoder().decode(RunProgress.self, from: Data(try TrainingNetwork.notes(in: state)))
    } catch let error as GraphError {
      throw CommandFailure("\(stateFile): \(error); begin again with --overwrite")
    } catch {
      throw CommandFailure("\(stateFile): damaged, or written by another version of giemsa")
    }
  }

  /// The best epoch's network, or the last one of a run that was stopped before its first epoch's end.
  func modelPath() throws -> String {
    for candidate in [best, last] where FileManager.default.fileExists(atPath: candidate) { return candidate }
    throw CommandFailure("\(path): has no best.onnx; did the run save anything?")
  }
}

/// Reads an ONNX file; errors begin with its path.
func readModel(_ path: String) throws -> Graph {
  do {
    return try ONNXFile.read(path)
  } catch {
    throw CommandFailure("\(path): \(error)")
  }
}

/// Writes an ONNX file; errors begin with its path.
func writeModel(_ graph: Graph, to path: String) throws {
  do {
    try ONNXFile.write(graph, to: path)
  } catch {
    throw CommandFailure("\(path): \(error)")
  }
}
