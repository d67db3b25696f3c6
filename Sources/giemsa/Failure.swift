import ArgumentParser
import Datasets
import Foundation
import Platform
import Text

/// Text to standard output at once, as it stands: a progress line must not wait for a buffer to fill. Of several ranks the
/// first alone says something.
func show(_ text: String) {
  guard Rank.isFirst else { return }
  Console.write(text)
}

/// Text to standard error, of the first rank.
func complain(_ text: String) {
  if Rank.isFirst { complainAsRank(text) }
}

/// The same of any rank. One line, whatever names and messages in it come from outside.
func complainAsRank(_ text: String) {
  Console.error(text.printable)
}

/// A mistake in what a command was given, in one sentence.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Results that could not be written while the work went on: the program ends with status 1.
enum Missing {
  nonisolated(unsafe) private(set) static var isSomething = false

  static func note() { isSomething = true }
}

/// Runs a command's body; whatever it throws becomes one line, `giemsa: …`, and exit status 1.
func reporting(_ body: () throws -> Void) throws {
  do {
    try body()
  } catch let status as ExitCode {
    throw status
  } catch let error as DatasetError {
    complain("giemsa: \(error.message)")
    for line in error.details { complain("  \(line)") }
    throw ExitCode(1)
  } catch {
    complain("giemsa: \(error)")
    throw ExitCode(1)
  }
}

/// Proves that a file can be made there: before the work, not after.
func checkWritable(_ path: String) throws {
  var isFolder: ObjCBool = false
  if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
    throw CommandFailure("\(path): a folder; name a file to write")
  }
  let probe = "\(path).giemsa-probe-\(ProcessInfo.processInfo.processIdentifier)"
  let error = probe.withPath { platform_replace_file($0, nil, 0) }
  _ = probe.withPath { unlink($0) }
  let advice = error == ENOENT ? "; does the folder exist?" : ""
  try checkWritten(error, path, advice: advice)
}

/// Writes a file beside its place, brings it to the disk and renames it: whole or not at all. Errors begin with its path.
func writeFile(_ data: Data, to path: String) throws {
  try checkWritten(
    data.withUnsafeBytes { bytes in
      path.withPath { platform_replace_file($0, bytes.baseAddress, bytes.count) }
    }, path)
}

/// Throws for an errno of the system.
func checkWritten(_ error: Int32, _ path: String, advice: String = "") throws {
  guard error == 0 else {
    throw CommandFailure("\(path): cannot be written (\(String(cString: platform_error_text(error))))\(advice)")
  }
}
