import ModelGraph
import ONNXFormat

/// Reads keys for ``Limits/signers``.
public enum TrustedKeys {
  /// Public keys as `minisign -G` writes them, each a regular file (links are not followed), and those of a folder, its
  /// files `*.pub`, if there is one.
  ///
  /// Throws E101 if one of them cannot be read or is no key; the message begins with its path.
  public static func read(_ files: [String], folder: String? = nil) throws(GraphError) -> [SignerKey] {
    var keys: [SignerKey] = []
    if let folder { keys = try SignerKey.keys(in: folder) }
    for file in files { keys.append(try SignerKey(contentsOf: file)) }
    return keys
  }
}
