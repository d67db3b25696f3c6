import ArgumentParser
import Foundation
import Reports

/// The value of `--log`.
enum LogFormat: String, CaseIterable, ExpressibleByArgument {
  case csv, jsonl
}

/// A run's log, written line by line, so that all earlier lines survive a crash.
final class RunLog {
  /// The epoch and step that a line belongs to.
  struct Place {
    var isEpoch: Bool
    var epoch: Int
    var step: Int
  }

  let file: String
  private let format: LogFormat
  private let keeps: (Place) -> Bool
  private var handle: FileHandle?
  private(set) var hasFailed = false
  /// Lines logged before ``begin()``; nil afterwards.
  private var waiting: [String]? = []

  /// - Parameters:
  ///   - isAtOnce: write at once; otherwise an earlier run's log is left untouched until ``begin()``.
  ///   - keeps: whether an existing line belongs to this run. Lines after the point that the run resumes from do not.
  init(_ format: LogFormat, _ folder: String, isAtOnce: Bool, keeps: @escaping (Place) -> Bool) {
    file = "\(folder)/log.\(format.rawValue)"
    self.format = format
    self.keeps = keeps
    if isAtOnce { begin() }
  }

  func begin() {
    guard let lines = waiting else { return }
    waiting = nil
    let there = FileManager.default.contents(atPath: file).map { String(decoding: $0, as: UTF8.self) } ?? ""
    // An incomplete last line was being written when the program was killed: drop it.
    let kept = there.components(separatedBy: "\n").dropLast().filter { place(of: $0).map(keeps) ?? false }
    let header = format == .csv ? [LogLine.csvHeader] : []
    let text = (header + kept + lines).map { $0 + "\n" }.joined()
    attempt {
      try writeText(text, to: file)
      handle = try FileHandle(forWritingTo: URL(filePath: file))
      try handle?.seekToEnd()
    }
  }

  func write(_ line: LogLine) {
    let text = format == .csv ? line.csv : line.json
    if waiting != nil {
      waiting?.append(text)
    } else {
      attempt { try handle?.write(contentsOf: Data((text + "\n").utf8)) }
    }
  }

  /// Waits until all lines are on the disk. Before a state is written: what led to it is not logged again by --resume.
  func flush() { attempt { try handle?.synchronize() } }

  /// The same at the end; no more can be written.
  func finish() {
    flush()
    attempt { try handle?.close() }
    handle = nil
  }

  /// A failing log does not stop the training.
  private func attempt(_ body: () throws -> Void) {
    do { try body() } catch {
      let text = (error as? CommandFailure)?.description ?? "\(file): cannot be written"
      complain("giemsa: \(text); training continues without it")
      hasFailed = true
      handle = nil
    }
  }

  private func place(of line: String) -> Place? {
    switch format {
    case .csv:
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      guard fields.count > 3, ["step", "epoch"].contains(fields[0]), let epoch = Int(fields[1]),
        let step = Int(fields[2])
      else { return nil }
      return Place(isEpoch: fields[0] == "epoch", epoch: epoch, step: step)
    case .jsonl:
      guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
        let kind = object["kind"] as? String, let epoch = object["epoch"] as? Int, let step = object["step"] as? Int
      else { return nil }
      return Place(isEpoch: kind == "epoch", epoch: epoch, step: step)
    }
  }
}
