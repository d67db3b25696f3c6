import Foundation

/// Makes sure that a folder exists and is empty, so that sets do not mix.
///
/// - Parameter place: what should be writable if it cannot be created, for the message.
func makeEmptyFolder(_ path: String, in place: String) throws {
  let there = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
  guard there.isEmpty else {
    throw DatasetError("\(path): not empty; choose another folder or empty it, so that sets do not mix")
  }
  try makeFolder(path, in: place)
}

/// Makes sure that a folder exists; see ``makeEmptyFolder(_:in:)``.
func makeFolder(_ path: String, in place: String) throws {
  do {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  } catch {
    throw DatasetError("\(path): cannot be created (is \(place) writable?)")
  }
}
