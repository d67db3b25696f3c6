import ModelGraph
import Platform
import Text

extension SignerKey {
  /// Bytes before the key: the algorithm, `Ed`, and the key's number.
  private static let head = Array("Ed".utf8)

  /// Reads a public key as `minisign -G` writes it: a comment and one line of Base64. A link is not followed.
  ///
  /// Throws E101 if the file cannot be read, or is no public key; the message begins with the path.
  public init(contentsOf path: String) throws(GraphError) {
    var problem = ""
    guard let bytes = MinisignText.file(path, error: &problem) else {
      throw GraphError(.unreadable, "\(path): \(problem)")
    }
    let lines = MinisignText.lines(of: bytes)
    guard lines.count == 2, lines[0].starts(with: MinisignText.untrusted.utf8),
      let content = Base64.decode(lines[1]), content.count == 42, content.starts(with: SignerKey.head)
    else {
      throw GraphError(.unreadable, "\(path): is not a public key of minisign's; minisign -G makes one (minisign.pub)")
    }
    self.init(number: Array(content[2..<10]), key: Array(content[10...]))
  }

  /// The keys in a folder, its files `*.pub`. Nothing if there is no such folder.
  ///
  /// Throws E101 if the folder or one of the keys cannot be read: a key that is there is meant to count.
  public static func keys(in folder: String) throws(GraphError) -> [SignerKey] {
    var error: Int32 = 0
    guard let directory = folder.withPath({ platform_directory_open($0, &error) }) else {
      if platform_is_missing(error) != 0 { return [] }
      throw GraphError(
        .unreadable, "\(folder): cannot be read: \(String(cString: platform_error_text(error)))")
    }
    defer { platform_directory_close(directory) }
    var keys: [SignerKey] = []
    while let name = platform_directory_next(directory) {
      let name = PathText.text(name)
      if name.ends(with: ".pub") { keys.append(try SignerKey(contentsOf: folder + "/" + name)) }
    }
    return keys
  }
}
