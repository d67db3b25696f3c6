import ArgumentParser
import Datasets
import Foundation
import Imaging
import Platform
import Text

/// Writes text to standard output unbuffered, since a progress line must appear at once. In distributed training only
/// rank 0 writes.
func show(_ text: String) {
  guard Rank.isFirst else { return }
  Console.write(text)
}

/// Writes a line that shows progress, which moves the cursor.
func showProgress(_ text: String) {
  if Rank.isFirst { Console.writeControls(text) }
}

/// Writes a line to standard error; in distributed training only on rank 0.
func complain(_ text: String) {
  if Rank.isFirst { complainAsRank(text) }
}

/// Writes a line to standard error on any rank. Names and messages from outside are made printable, so it stays one
/// line.
func complainAsRank(_ text: String) {
  Console.error(text.printable)
}

/// A mistake in what a command was given, in one sentence.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Records that a result could not be written although the command continued: the program then ends with status 1.
enum Missing {
  nonisolated(unsafe) private(set) static var isSomething = false

  static func note() { isSomething = true }
}

/// Runs a command's body. Any error becomes one line, `giemsa: …`, and exit status 1.
func reporting(_ body: () throws -> Void) throws {
  do {
    try body()
  } catch let status as ExitCode {
    throw status
  } catch let error as DatasetError {
    complain("giemsa: \(error.message)")
    for line in error.details { complain("  \(line)") }
    if error.exceedsLimits { complain("giemsa: --max-side and --max-pixels allow larger pictures") }
    throw ExitCode(1)
  } catch let error as ImagingError where error.exceeded != nil {
    complain("giemsa: \(error); --max-side and --max-pixels allow larger pictures")
    throw ExitCode(1)
  } catch {
    complain("giemsa: \(error)")
    throw ExitCode(1)
  }
}

/// Checks that a file can be created at `path`, before the work instead of after it.
func checkWritable(_ path: String) throws {
  var isFolder: ObjCBool = false
  if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
    throw CommandFailure("\(path): a folder; name a file to write")
  }
  var there = stat()
  var error: Int32 = 0
  if path.withPath({ stat($0, &there) }) == 0, there.st_mode & S_IFMT != S_IFREG {
    // Opening a pipe would be noticed by its reader.
    error = path.withPath { access($0, W_OK) } == 0 ? 0 : errno
  } else {
    var file: Int32 = -1
    error = path.withPath { platform_replace_begin($0, &file) }
    if error == 0 { platform_replace_abandon(file) }
  }
  let advice = error == ENOENT ? "; does the folder exist?" : ""
  try checkWritten(error, path, advice: advice)
}

/// Makes a folder and those above it, and waits until their names are on the disk. Errors begin with the path.
func makeFolders(_ path: String, advice: String = "") throws {
  var error: Int32 = 0
  for (index, byte) in path.utf8.enumerated() where byte == UInt8(ascii: "/") && index > 0 && error == 0 {
    let above = String(decoding: path.utf8.prefix(index), as: UTF8.self)
    error = above.withPath { platform_make_folder($0) }
  }
  if error == 0, !path.hasSuffix("/") { error = path.withPath { platform_make_folder($0) } }
  guard error == 0 else {
    throw CommandFailure("\(path): cannot be made (\(String(cString: platform_error_text(error))))\(advice)")
  }
}

/// Writes a temporary file beside `path`, syncs it and renames it, so that the file is complete or absent. Errors begin
/// with the path.
func writeFile(_ data: Data, to path: String) throws {
  try checkWritten(
    data.withUnsafeBytes { bytes in
      path.withPath { platform_replace_file($0, bytes.baseAddress, bytes.count) }
    }, path)
}

/// Throws if `error`, an errno, is not 0.
func checkWritten(_ error: Int32, _ path: String, advice: String = "") throws {
  guard error == 0 else {
    throw CommandFailure("\(path): cannot be written (\(String(cString: platform_error_text(error))))\(advice)")
  }
}
