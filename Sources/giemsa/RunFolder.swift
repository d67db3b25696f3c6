import Datasets
import Foundation
import ModelGraph
import ONNXFormat
import Reports

/// A mistake in what a command was given, in one sentence.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// The folder of a training run.
///
///     settings.json   RunFile
///     history.csv     one line an epoch
///     best.onnx       the network of the best epoch so far (lowest validation loss)
///     last.onnx       the network as training left it
///     last.state      weights and optimiser, to go on from
///
/// Every file is written beside its place and renamed, so each is whole at any moment.
struct RunFolder {
  let path: String

  var best: String { "\(path)/best.onnx" }
  var last: String { "\(path)/last.onnx" }
  private var settingsFile: String { "\(path)/settings.json" }

  /// Whether there is a run at `path`.
  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(path)/settings.json")
  }

  /// Makes the folder and proves that files can be written to it: before training, not after.
  static func make(_ path: String, overwrite: Bool) throws -> RunFolder {
    let folder = RunFolder(path: path)
    if exists(path), !overwrite {
      throw CommandFailure("\(path): holds a run already; name another --out, or give --overwrite")
    }
    let probe = "\(path)/.giemsa-probe-\(ProcessInfo.processInfo.processIdentifier)"
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      try Data().write(to: URL(filePath: probe))
      try FileManager.default.removeItem(atPath: probe)
    } catch {
      throw CommandFailure("\(path): cannot be written to; name another --out")
    }
    return folder
  }

  /// Takes away what an earlier run left, once there is something to put in its place.
  func clear() {
    for name in ["settings.json", "history.csv", "best.onnx", "last.onnx", "last.state"] {
      try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }
  }

  /// Leaves no empty folder behind after a failure at the start.
  func removeIfEmpty() {
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
  }

  func write(state: [UInt8]) throws { try write(Data(state), to: "\(path)/last.state") }

  private func write(_ data: Data, to file: String) throws {
    do {
      try data.write(to: URL(filePath: file), options: .atomic)
    } catch {
      throw CommandFailure("\(file): cannot write (disk full, or permission lost?)")
    }
  }

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

extension CellFolder {
  /// `CLASS/FILE`, which stays the same wherever the folder lies.
  func name(of item: Item) -> String { "\(classes[item.label])/\(item.path.split(separator: "/").last ?? "")" }
}
