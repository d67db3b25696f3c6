import ArgumentParser
import Datasets
import Foundation
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
  do {
    try Data().write(to: URL(filePath: probe))
    try FileManager.default.removeItem(atPath: probe)
  } catch {
    throw CommandFailure("\(path): cannot be written; does the folder exist?")
  }
}
