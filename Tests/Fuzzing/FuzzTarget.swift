import Foundation
import FuzzWatch

/// A reader that takes bytes from anybody.
struct FuzzTarget: Sendable {
  let name: String
  /// Inputs to begin with, beside the files that tools/fuzz finds.
  var seeds: @Sendable () throws -> [[UInt8]] = { [] }
  /// Bytes that an input may take in memory, beyond twice its size.
  var memory = 16 << 20
  /// Whether inputs are messages of protocol buffers, whose fields are changed one by one (``MessageMutator``).
  var isMessage = false
  /// Reads the bytes. An error is an answer.
  let read: @Sendable (UnsafeRawBufferPointer) throws -> Void

  #if LAB
    static let all = field + lab
  #else
    static let all = field
  #endif
  private static let field = [model, change, tensor, picture, signature]

  /// The one that the environment names.
  static let chosen: FuzzTarget = {
    let name = ProcessInfo.processInfo.environment["GIEMSA_FUZZ_TARGET"] ?? ""
    guard let target = all.first(where: { $0.name == name }) else {
      print("GIEMSA_FUZZ_TARGET names none of:", all.map { $0.name }.joined(separator: " "))
      exit(2)
    }
    return target
  }()

  /// Where the coverage of a run is to be written.
  static let coverageFile = ProcessInfo.processInfo.environment["GIEMSA_FUZZ_COVERAGE"]
}

@_cdecl("LLVMFuzzerInitialize")
public func initialize(_: UnsafeMutableRawPointer, _: UnsafeMutableRawPointer) -> CInt {
  let target = FuzzTarget.chosen
  if let folder = ProcessInfo.processInfo.environment["GIEMSA_FUZZ_SEEDS"] {
    do {
      for (index, seed) in try target.seeds().enumerated() {
        try Data(seed).write(to: URL(filePath: "\(folder)/\(target.name)-\(index)"))
      }
    } catch {
      print("\(folder): seeds cannot be written: \(error)")
      exit(1)
    }
    exit(0)
  }
  if FuzzTarget.coverageFile != nil {
    atexit {
      if let file = FuzzTarget.coverageFile { fuzz_write_coverage(file) }
    }
  }
  return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let target = FuzzTarget.chosen
  fuzz_watch_memory(target.memory + 2 * count)
  try? target.read(UnsafeRawBufferPointer(start: bytes, count: count))
  fuzz_watch_memory(0)
  if FuzzTarget.coverageFile != nil { fuzz_collect_coverage() }
  return 0
}

/// A folder in memory for readers that take a path.
enum Scratch {
  static let folder: String = {
    let shared = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
    let folder = "\(shared)/giemsa-fuzz-\(getpid())"
    mkdir(folder, 0o700)
    atexit { try? FileManager.default.removeItem(atPath: Scratch.folder) }
    return folder
  }()

  /// Writes a file; returns its path.
  @discardableResult
  static func write(_ bytes: UnsafeRawBufferPointer, to name: String) -> String {
    let path = "\(folder)/\(name)"
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard file >= 0, Foundation.write(file, bytes.baseAddress, bytes.count) == bytes.count else {
      print("\(path): cannot be written")
      exit(1)
    }
    close(file)
    return path
  }

  @discardableResult
  static func write(_ bytes: [UInt8], to name: String) -> String { bytes.withUnsafeBytes { write($0, to: name) } }
}
