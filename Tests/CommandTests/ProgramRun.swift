import Foundation

/// One run of a program of ours: what it said and how it ended.
struct ProgramRun {
  let status: Int32
  /// False if a signal ended it: never acceptable, whatever the input.
  let exited: Bool
  let output: String
  let error: String

  var errorLines: [String] { error.split(separator: "\n").map { String($0) } }

  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// `giemsa` or `giemsa-field`, of whichever build the tests belong to.
  static func path(_ program: String) -> URL { Bundle.main.bundleURL.appendingPathComponent(program) }

  init(_ program: String, _ arguments: [String]) throws { try self.init(Self.path(program), arguments) }

  /// A script for bash, for what arguments alone cannot say: where standard output goes, names that are no UTF-8, signals,
  /// limits. It finds the programs as $FIELD and $LAB, and `variables`.
  init(script: String, _ variables: [String: String] = [:]) throws {
    var environment = ProcessInfo.processInfo.environment
    environment["FIELD"] = Self.path("giemsa-field").path
    environment["LAB"] = Self.path("giemsa").path
    // Swift's own handler of fatal signals, SIGQUIT among them, where the toolchain turns it on.
    environment["SWIFT_BACKTRACE"] = "enable=no"
    environment.merge(variables) { $1 }
    try self.init(URL(fileURLWithPath: "/bin/bash"), ["-c", script], environment)
  }

  private init(_ executable: URL, _ arguments: [String], _ environment: [String: String]? = nil) throws {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    if let environment { process.environment = environment }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // Files, not pipes: no reader is needed while it runs, however much it says.
    let (outputFile, errorFile) = (folder.appendingPathComponent("out"), folder.appendingPathComponent("err"))
    for file in [outputFile, errorFile] { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
    process.standardOutput = try FileHandle(forWritingTo: outputFile)
    process.standardError = try FileHandle(forWritingTo: errorFile)
    process.standardInput = FileHandle.nullDevice
    // A thread of the tests may hold signals back, and a child would take that over.
    var (none, before) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try process.run()
    process.waitUntilExit()
    status = process.terminationStatus
    exited = process.terminationReason == .exit
    output = String(decoding: try Data(contentsOf: outputFile), as: UTF8.self)
    error = String(decoding: try Data(contentsOf: errorFile), as: UTF8.self)
  }
}

/// A folder that is gone when the test is.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("giemsa-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  @discardableResult
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    let file = url.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
    return file.path
  }

  func folder(_ name: String) throws -> String {
    try FileManager.default.createDirectory(at: url.appendingPathComponent(name), withIntermediateDirectories: true)
    return path(name)
  }
}
