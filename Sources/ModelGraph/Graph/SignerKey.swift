/// An Ed25519 public key whose owner's models are trusted (``Limits/signers``), with the number by which a signature
/// names its key.
public struct SignerKey: Equatable, Sendable {
  /// 8 bytes.
  public let number: [UInt8]
  /// 32 bytes.
  public let key: [UInt8]

  public init(number: [UInt8], key: [UInt8]) {
    self.number = number
    self.key = key
  }
}
