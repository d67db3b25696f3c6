import Platform

/// Finds pictures: files as they are named, folders down to the last subfolder, each folder's entries by name.
struct PictureWalk {
  private(set) var files: [String] = []
  /// What was named and is not there, or cannot be listed, or has nothing in it.
  private(set) var problems: [String] = []
  /// Folders on the way down, so that a link back up ends there.
  private var open: [(device: UInt64, inode: UInt64)] = []

  /// - Parameter path: a file (taken whatever its name) or a folder (whose `.png` files are taken).
  mutating func add(_ path: String) {
    var (device, inode) = (UInt64(0), UInt64(0))
    switch platform_path_kind(path, &device, &inode) {
    case PLATFORM_IS_FILE, PLATFORM_IS_OTHER: files.append(path)
    case PLATFORM_IS_DIRECTORY:
      let before = files.count
      walk(path, device, inode)
      if files.count == before { problems.append("\(path): no .png files in it") }
    case let error: problems.append("\(path): \(String(cString: platform_error_text(error)))")
    }
  }

  private mutating func walk(_ folder: String, _ device: UInt64, _ inode: UInt64) {
    if open.contains(where: { $0.device == device && $0.inode == inode }) { return }
    var error: Int32 = 0
    guard let directory = platform_directory_open(folder, &error) else {
      problems.append("\(folder): \(String(cString: platform_error_text(error)))")
      return
    }
    var names: [[UInt8]] = []
    while let name = platform_directory_next(directory) { names.append(Array(String(cString: name).utf8)) }
    platform_directory_close(directory)
    // By bytes: the same order on every machine, whatever its language.
    names.sort { $0.lexicographicallyPrecedes($1) }
    open.append((device, inode))
    let prefix = folder.utf8.last == UInt8(ascii: "/") ? folder : folder + "/"
    for name in names where name.first != UInt8(ascii: ".") {
      let path = prefix + String(decoding: name, as: UTF8.self)
      var (device, inode) = (UInt64(0), UInt64(0))
      switch platform_path_kind(path, &device, &inode) {
      case PLATFORM_IS_DIRECTORY: walk(path, device, inode)
      case PLATFORM_IS_FILE: if PictureWalk.isPNG(name) { files.append(path) }
      default: continue  // a dangling link, a socket
      }
    }
    open.removeLast()
  }

  private static func isPNG(_ name: [UInt8]) -> Bool {
    guard name.count > 4 else { return false }
    let end = name.suffix(4).map { $0 >= 65 && $0 <= 90 ? $0 + 32 : $0 }
    return end == Array(".png".utf8)
  }
}
