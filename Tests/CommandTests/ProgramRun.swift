import Foundation

/// One run of one of our programs: its output and exit status.
struct ProgramRun {
  let status: Int32
  /// False if a signal ended the program, which must never happen, whatever the input.
  let exited: Bool
  let output: String
  let error: String

  var errorLines: [String] { error.split(separator: "\n").map { String($0) } }

  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// `giemsa` or `giemsa-field` from the folder that GIEMSA_PROGRAMS names (tools/test names the release build's), or
  /// else from the same build as the tests.
  static func path(_ program: String) -> URL {
    let folder = ProcessInfo.processInfo.environment["GIEMSA_PROGRAMS"].map { URL(fileURLWithPath: $0) }
    return (folder ?? Bundle.main.bundleURL).appendingPathComponent(program)
  }

  init(_ program: String, _ arguments: [String]) throws { try self.init(Self.path(program), arguments) }

  /// Runs a bash script, for cases that need redirection, names that are not UTF-8, signals or limits. It finds the
  /// programs as $FIELD and $LAB, and `variables`.
  init(script: String, _ variables: [String: String] = [:]) throws {
    var environment = ProcessInfo.processInfo.environment
    environment["FIELD"] = Self.path("giemsa-field").path
    environment["LAB"] = Self.path("giemsa").path
    // Disables Swift's handler for fatal signals (including SIGQUIT), which some toolchains enable.
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
    // Files, not pipes, so that the program never waits for a reader.
    let (outputFile, errorFile) = (folder.appendingPathComponent("out"), folder.appendingPathComponent("err"))
    for file in [outputFile, errorFile] { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
    process.standardOutput = try FileHandle(forWritingTo: outputFile)
    process.standardError = try FileHandle(forWritingTo: errorFile)
    process.standardInput = FileHandle.nullDevice
    // A test thread may block signals, which a child would inherit.
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
