import ModelGraph
import SodiumShim
import Text

/// The signature of a model's file, in minisign's format, and hashes of the data beside the file, which it covers by its
/// trusted comment.
///
/// The comment's parts are separated by tabs, as minisign's own are: `timestamp:1764442000`, `file:cells.onnx`, `hashed`,
/// and for each file of external data `data:HASH:weights.bin` with 64 hexadecimal digits of its BLAKE2b.
public struct ModelSignature: Sendable {
  /// A file of external data.
  public struct DataFile: Sendable {
    /// As in the model: relative to its folder.
    public let location: String
    public let hash: [UInt8]

    public init(location: String, hash: [UInt8]) {
      self.location = location
      self.hash = hash
    }
  }

  /// Bytes of a ``DataFile``'s hash.
  public static let hashBytes = 32
  public static let suffix = ".minisig"
  private static let dataPrefix = "data:"

  private(set) var dataFiles: [DataFile] = []

  /// Verifies that one of `signers` signed `bytes` with the signature beside the file `path`.
  ///
  /// Throws E118 if there is no signature, E119 if it does not hold.
  init(of bytes: UnsafeRawBufferPointer, path: String, by signers: [SignerKey]) throws(GraphError) {
    var problem = ""
    let name = PathText.lastComponent(path) + ModelSignature.suffix
    guard let text = MinisignText.file(path + ModelSignature.suffix, error: &problem) else {
      throw GraphError(.unsigned, "only signed models are taken, and '\(name)' \(problem)")
    }
    let lines = MinisignText.lines(of: text)
    let trusted = Array(MinisignText.trusted.utf8)
    guard lines.count == 4, lines[0].starts(with: MinisignText.untrusted.utf8), lines[2].starts(with: trusted),
      let content = Base64.decode(lines[1]), content.count == 74,
      let second = Base64.decode(lines[3]), second.count == Int(SODIUMSHIM_SIGNATURE)
    else { throw GraphError(.badSignature, "'\(name)' is not a signature of minisign's, or is damaged") }

    let number = Array(content[2..<10])
    guard let signer = signers.first(where: { $0.number == number }) else {
      // As minisign shows it: a number of 64 bits, whose lowest byte comes first.
      let digits = number.reversed().map { hexadecimal(UInt32($0), 2) }.joined()
      throw GraphError(.badSignature, "'\(name)' is by key \(digits), which is not trusted here")
    }
    let signature = Array(content[10...])
    let holds: Bool
    switch (content[0], content[1]) {
    case (0x45, 0x44):  // ED: of the BLAKE2b hash of the file
      let hash = ModelSignature.hash(bytes, byteCount: 64)
      holds = hash.withUnsafeBytes { ModelSignature.verify(signature, $0, signer) }
    case (0x45, 0x64):  // Ed: of the file itself
      holds = ModelSignature.verify(signature, bytes, signer)
    default:
      throw GraphError(.badSignature, "'\(name)' is of a kind that is not known here")
    }
    guard holds else {
      throw GraphError(.badSignature, "these are not the bytes that were signed: '\(name)' does not belong to them")
    }
    let comment = Array(lines[2].dropFirst(trusted.count))
    guard (signature + comment).withUnsafeBytes({ ModelSignature.verify(second, $0, signer) }) else {
      throw GraphError(.badSignature, "the trusted comment of '\(name)' was changed")
    }
    dataFiles = ModelSignature.dataFiles(in: comment)
  }

  /// Throws E118 or E119 unless the signature covers `bytes` as the data at `location`.
  func check(_ bytes: UnsafeRawBufferPointer, at location: String) throws(GraphError) {
    guard let file = dataFiles.first(where: { $0.location.isExactly(location) }) else {
      throw GraphError(
        .unsigned, "the signature does not cover external data '\(location)': sign the model with giemsa sign")
    }
    guard ModelSignature.hash(bytes, byteCount: ModelSignature.hashBytes) == file.hash else {
      throw GraphError(.badSignature, "external data '\(location)' is not what was signed")
    }
  }

  /// BLAKE2b of `bytes`.
  public static func hash(_ bytes: UnsafeRawBufferPointer, byteCount: Int) -> [UInt8] {
    var hash = [UInt8](repeating: 0, count: byteCount)
    sodiumshim_hash(bytes.baseAddress, bytes.count, &hash, byteCount)
    return hash
  }

  /// The part of a trusted comment that covers `file`.
  public static func comment(of file: DataFile) -> [UInt8] {
    let digits = file.hash.map { hexadecimal(UInt32($0), 2) }.joined()
    return Array("\(dataPrefix)\(digits):".utf8) + PathText.bytes(of: file.location)
  }

  private static func dataFiles(in comment: [UInt8]) -> [DataFile] {
    var files: [DataFile] = []
    for part in comment.split(separator: UInt8(ascii: "\t")) where part.starts(with: dataPrefix.utf8) {
      let rest = Array(part.dropFirst(dataPrefix.utf8.count))
      let digits = 2 * hashBytes
      guard rest.count > digits + 1, rest[digits] == UInt8(ascii: ":") else { continue }
      var hash: [UInt8] = []
      for index in stride(from: 0, to: digits, by: 2) {
        guard let byte = UInt8(String(decoding: rest[index..<(index + 2)], as: UTF8.self), radix: 16) else { break }
        hash.append(byte)
      }
      guard hash.count == hashBytes else { continue }
      let location = rest[(digits + 1)...].withUnsafeBufferPointer { PathText.text($0) }
      files.append(DataFile(location: location, hash: hash))
    }
    return files
  }

  private static func verify(_ signature: [UInt8], _ bytes: UnsafeRawBufferPointer, _ signer: SignerKey) -> Bool {
    sodiumshim_verify(signature, bytes.baseAddress, bytes.count, signer.key) != 0
  }
}
