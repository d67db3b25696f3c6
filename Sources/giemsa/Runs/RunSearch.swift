import Foundation

/// Finding runs in a folder: a single run, stages, folds.
extension RunFolder {
  /// Whether there is a run at `path`.
  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(path)/settings.json")
  }

  /// The run at `path`: the folder itself, or the last stage in it. nil if there is neither.
  static func find(_ path: String) -> RunFolder? {
    if exists(path) { return RunFolder(path: path) }
    let stages = (1...99).map { "\(path)/stage-\($0)" }
    return stages.last { exists($0) }.map { RunFolder(path: $0) }
  }

  /// The error for a run in folds where a single run is wanted; nil if `path` is no run in folds.
  static func foldsFailure(_ path: String) -> CommandFailure? {
    let count = folds(path).count
    guard count > 0 else { return nil }
    return CommandFailure(
      "\(path): a run in folds, a network each; name one of them: \(path)/fold-1"
        + (count > 1 ? " to \(path)/fold-\(count)" : ""))
  }

  /// The runs in `path`/fold-1, fold-2, …; of each fold its last stage.
  static func folds(_ path: String) -> [RunFolder] {
    var found: [RunFolder] = []
    while let next = find("\(path)/fold-\(found.count + 1)") { found.append(next) }
    return found
  }
}
