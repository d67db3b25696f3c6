import Foundation
import ONNXFormat
import SodiumShim
import Text

/// A secret key of minisign's, as `minisign -G` writes it: of 158 bytes in Base64 all but the head may be encrypted with a
/// stream that scrypt makes of a password.
struct SecretKey {
  private(set) var number: [UInt8]
  private var secret: [UInt8]

  /// Positions in the file's bytes.
  private enum Layout {
    static let total = 158
    static let stretching = 2..<4
    static let salt = 6..<38
    static let operations = 38..<46
    static let memory = 46..<54
    static let encrypted = 54..<158
    /// In the encrypted part.
    static let number = 0..<8
    static let secret = 8..<72
    static let check = 72..<104
  }
  /// No key of minisign's asks for more; scrypt takes what a file says.
  private static let mostMemory = 2 << 30

  /// Reads a key; `password` is asked for if it is encrypted. Throws ``CommandFailure``.
  init(contentsOf path: String, password: () throws -> String) throws {
    var problem = ""
    guard let bytes = MinisignText.file(path, error: &problem) else { throw CommandFailure("\(path): \(problem)") }
    let lines = MinisignText.lines(of: bytes)
    guard lines.count == 2, lines[0].starts(with: MinisignText.untrusted.utf8),
      let content = Base64.decode(lines[1]), content.count == Layout.total,
      content.starts(with: "Ed".utf8), content[4] == UInt8(ascii: "B"), content[5] == UInt8(ascii: "2")
    else { throw CommandFailure("\(path): is not a secret key of minisign's; minisign -G makes one (minisign.key)") }

    var inner = Array(content[Layout.encrypted])
    defer { inner.withUnsafeMutableBytes { sodiumshim_wipe($0.baseAddress, $0.count) } }
    let isEncrypted = content[Layout.stretching].contains { $0 != 0 }
    if isEncrypted {
      guard content[Layout.stretching].elementsEqual("Sc".utf8) else {
        throw CommandFailure("\(path): is encrypted in a way that is not known here")
      }
      let memory = SecretKey.number(content[Layout.memory])
      guard memory <= UInt64(SecretKey.mostMemory) else {
        throw CommandFailure("\(path): wants \(memory >> 20) MiB for its password; 2048 are taken")
      }
      var stream = [UInt8](repeating: 0, count: inner.count)
      defer { stream.withUnsafeMutableBytes { sodiumshim_wipe($0.baseAddress, $0.count) } }
      let text = try password()
      let status = sodiumshim_stretch(
        text, text.utf8.count, Array(content[Layout.salt]), SecretKey.number(content[Layout.operations]), Int(memory),
        &stream, stream.count)
      guard status == 0 else { throw CommandFailure("\(path): not enough memory to make the key of its password") }
      for index in inner.indices { inner[index] ^= stream[index] }
    }
    number = Array(inner[Layout.number])
    secret = Array(inner[Layout.secret])
    let checked = Array("Ed".utf8) + number + secret
    let check = checked.withUnsafeBytes { ModelSignature.hash($0, byteCount: Layout.check.count) }
    // minisign leaves the check of a key without a password at zeros.
    let isLeftOut = !isEncrypted && inner[Layout.check].allSatisfy { $0 == 0 }
    guard isLeftOut || check.elementsEqual(inner[Layout.check]) else {
      wipe()
      throw CommandFailure("\(path): \(isEncrypted ? "the password is wrong, or the key is" : "is") damaged")
    }
  }

  func sign(_ bytes: [UInt8]) -> [UInt8] {
    var signature = [UInt8](repeating: 0, count: Int(SODIUMSHIM_SIGNATURE))
    sodiumshim_sign(bytes, bytes.count, secret, &signature)
    return signature
  }

  /// Overwrites the key in memory.
  mutating func wipe() {
    secret.withUnsafeMutableBytes { sodiumshim_wipe($0.baseAddress, $0.count) }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
