import Foundation
import Platform
import Text
import Training

/// `last.state`: the network's state and the run's progress.
extension RunFolder {
  /// Writes the network's state together with the run's progress.
  ///
  /// - Parameter isUrgent: do not wait for the disk, because little time is left; ``flushState()`` waits.
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

  /// Waits until `last.state` is on the disk, under its name.
  func flushState() {
    let file = open(stateFile, O_RDONLY)
    guard file >= 0 else { return }
    fsync(file)
    close(file)
    _ = stateFile.withPath { platform_sync_folder($0) }
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
    } catch let error as CheckpointError {
      throw CommandFailure("\(stateFile): \(error); begin again with --overwrite")
    } catch {
      throw CommandFailure("\(stateFile): damaged, or written by another version of giemsa")
    }
  }
}
