import ModelGraph
import ONNXFormat
import SodiumShim
import Text

extension FuzzTarget {
  /// Files of minisign's. The first byte says what the others are.
  static let signature = FuzzTarget(
    name: "signature",
    seeds: {
      let key = Array("untrusted comment: key\n".utf8) + Base64.encode(publicKey) + [0x0A]
      let secretKey = Array("EdB2".utf8) + [0, 0] + [UInt8](repeating: 0, count: 48) + number + secret
      let comment = Array("timestamp:1\tfile:m.onnx\thashed\tdata:\(String(repeating: "0a", count: 32)):w.bin".utf8)
      return [
        [0] + key, [1] + minisig(comment), [2] + comment, [2],
        [3] + Array("untrusted comment: key\n".utf8) + Base64.encode(secretKey + [UInt8](repeating: 0, count: 32))
          + [0x0A],
      ]
    }
  ) { bytes in
    guard let kind = bytes.first else { return }
    let rest = Array(bytes.dropFirst())
    switch kind % 4 {
    case 0:  // a public key
      _ = try SignerKey(contentsOf: Scratch.write(rest, to: "key.pub"))
    case 1:  // a signature
      try open(signedBy: rest)
    case 2:  // a comment that was signed
      try open(signedBy: minisig(rest))
    default:  // a secret key
      #if LAB
        _ = try SecretKey(contentsOf: Scratch.write(rest, to: "minisign.key")) { throw CommandFailure("no password") }
      #else
        break
      #endif
    }
  }

  /// A model whose weights are in a file beside it would do too; what is verified comes before it is parsed.
  private static func open(signedBy signature: [UInt8]) throws {
    Scratch.write(signature, to: "signed.onnx.minisig")
    var limits = Limits.standard
    limits.signers = [SignerKey(number: number, key: Array(secret[32...]))]
    _ = ONNXFile.examine(
      try ModelBytes(opening: Scratch.write(signed, to: "signed.onnx"), limits: limits), limits: limits)
  }

  private static let signed = Array("giemsa".utf8)
  private static let number: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
  private static let publicKey = Array("Ed".utf8) + number + secret[32...]
  /// The first test vector of RFC 8032: seed, then public key.
  private static let secret: [UInt8] = bytes(
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
      + "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")

  private static func bytes(_ digits: String) -> [UInt8] {
    let digits = Array(digits)
    return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...($0 + 1)]), radix: 16) }
  }

  private static func sign(_ bytes: [UInt8]) -> [UInt8] {
    var signature = [UInt8](repeating: 0, count: Int(SODIUMSHIM_SIGNATURE))
    sodiumshim_sign(bytes, bytes.count, secret, &signature)
    return signature
  }

  private static let first = sign(signed.withUnsafeBytes { ModelSignature.hash($0, byteCount: 64) })

  /// The file of a valid signature with this trusted comment.
  private static func minisig(_ comment: [UInt8]) -> [UInt8] {
    Array("untrusted comment: x\n".utf8) + Base64.encode(Array("ED".utf8) + number + first)
      + Array("\ntrusted comment: ".utf8) + comment + [0x0A] + Base64.encode(sign(first + comment)) + [0x0A]
  }
}
