import Foundation
import ModelGraph
import ONNXFormat
import SodiumShim
import TestSupport
import Testing
import Text

/// Models that must be signed: what was verified is what is read, and nothing else is taken.
@Suite struct SignatureTests {
  private let scratch: TemporaryFolder
  private let model: String
  private var limits = Limits.standard

  /// The first test vector of RFC 8032: seed, then public key.
  private static let secret: [UInt8] = bytes(
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
      + "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
  private static let number: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]

  private static func bytes(_ digits: String) -> [UInt8] {
    let digits = Array(digits)
    return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...($0 + 1)]), radix: 16) }
  }

  init() throws {
    scratch = try TemporaryFolder()
    try scratch.write((0..<24).map { $0 }, to: "w.bin")
    let w = Wire.tensor("w", type: 1, dims: [2, 2]).int(14, 1)
      .message(13, Wire().text(1, "location").text(2, "w.bin"))
      .message(13, Wire().text(1, "offset").text(2, "8"))
    model = try scratch.write(Wire.concat(w).bytes, to: "m.onnx")
    let key = [UInt8]("Ed".utf8) + Self.number + Self.secret[32...]
    try scratch.write(
      Array("untrusted comment: key\n".utf8) + Base64.encode(key) + [UInt8(ascii: "\n")], to: "key.pub")
    limits.signers = [try SignerKey(contentsOf: scratch.path + "/key.pub")]
  }

  private func signature(of bytes: [UInt8]) -> [UInt8] {
    var signature = [UInt8](repeating: 0, count: 64)
    sodiumshim_sign(bytes, bytes.count, Self.secret, &signature)
    return signature
  }

  /// Writes `m.onnx.minisig` as `giemsa sign` and minisign do.
  private func sign(
    data: Bool = true, kind: String = "ED", number: [UInt8] = SignatureTests.number,
    edit: (inout [[UInt8]]) -> Void = { _ in }
  ) throws {
    let content = try [UInt8](#require(FileBytes.read(model)))
    let hash = content.withUnsafeBytes { ModelSignature.hash($0, byteCount: 64) }
    let first = signature(of: kind == "ED" ? hash : content)
    var comment = Array("timestamp:1\tfile:m.onnx\thashed".utf8)
    if data {
      let file = try [UInt8](#require(FileBytes.read(scratch.path + "/w.bin")))
      let hash = file.withUnsafeBytes { ModelSignature.hash($0, byteCount: ModelSignature.hashBytes) }
      comment += [9] + ModelSignature.comment(of: .init(location: "w.bin", hash: hash))
    }
    var lines: [[UInt8]] = [
      Array("untrusted comment: x".utf8), Base64.encode(Array(kind.utf8) + number + first),
      Array("trusted comment: ".utf8) + comment, Base64.encode(signature(of: first + comment)),
    ]
    edit(&lines)
    try scratch.write(lines.flatMap { $0 + [UInt8(ascii: "\n")] }, to: "m.onnx.minisig")
  }

  private func outcome() -> Code? { code { _ = try ONNXFile.read(model, limits: limits) } }

  @Test func aSignedModelIsTaken() throws {
    try sign()
    #expect(outcome() == nil)
    let w = try #require(try ONNXFile.read(model, limits: limits).values.first { $0.name == "w" }?.constant)
    #expect(w.withBytes { Array($0) } == (8..<24).map { UInt8($0) })
    // minisign's older kind, of the bytes instead of their hash, and line ends of other systems.
    try sign(kind: "Ed")
    #expect(outcome() == nil)
    try sign { for index in $0.indices { $0[index].append(UInt8(ascii: "\r")) } }
    #expect(outcome() == nil)
  }

  @Test func oneOfSeveralKeysIsEnough() throws {
    var limits = limits
    limits.signers.insert(SignerKey(number: [9, 9, 9, 9, 9, 9, 9, 9], key: Array(repeating: 7, count: 32)), at: 0)
    try sign()
    #expect(code { _ = try ONNXFile.read(model, limits: limits) } == nil)
    limits.signers.removeLast()
    #expect(code { _ = try ONNXFile.read(model, limits: limits) } == .badSignature)
  }

  @Test func whatIsNotSignedIsRefused() throws {
    #expect(outcome() == .unsigned)
    try sign(data: false)
    #expect(outcome() == .unsigned)
    try FileManager.default.moveItem(atPath: model + ".minisig", toPath: scratch.path + "/elsewhere")
    try FileManager.default.createSymbolicLink(atPath: model + ".minisig", withDestinationPath: "elsewhere")
    #expect(outcome() == .unsigned)
  }

  @Test func changedBytesAreRefused() throws {
    try sign()
    let bytes = try [UInt8](#require(FileBytes.read(model)))
    for index in [0, bytes.count / 2, bytes.count - 1] {
      var changed = bytes
      changed[index] ^= 1
      try scratch.write(changed, to: "m.onnx")
      #expect(outcome() == .badSignature, "byte \(index)")
    }
    try scratch.write(bytes + [0], to: "m.onnx")
    #expect(outcome() == .badSignature)
    try scratch.write(bytes, to: "m.onnx")
    #expect(outcome() == nil)
    // The data is covered beyond what the tensor reads of it.
    try scratch.write([1] + (1..<24).map { $0 }, to: "w.bin")
    #expect(outcome() == .badSignature)
  }

  @Test func changedSignaturesAreRefused() throws {
    try sign()
    let sound = try [UInt8](#require(FileBytes.read(model + ".minisig")))
    for index in sound.indices where index % 3 == 0 {
      var changed = sound
      changed[index] ^= 1
      try scratch.write(changed, to: "m.onnx.minisig")
      // The first comment is not signed.
      if index < 21 && index > 18 { continue }
      #expect(outcome() == .badSignature || outcome() == .unsigned, "byte \(index)")
    }
    for count in [0, 1, 40, sound.count - 30] {
      try scratch.write(Array(sound[..<count]), to: "m.onnx.minisig")
      #expect(outcome() == .badSignature, "\(count) bytes")
    }
    try scratch.write([UInt8](repeating: 65, count: 1 << 20), to: "m.onnx.minisig")
    #expect(outcome() == .unsigned)
    // Both signatures are right, of a kind that is none.
    try sign(kind: "EX")
    #expect(outcome() == .badSignature)
    try sign(number: [8, 7, 6, 5, 4, 3, 2, 1])
    #expect(outcome() == .badSignature)
  }

  /// A file that takes the place of the one that was verified is not read.
  @Test func filesAreReadOnce() throws {
    try sign()
    let bytes = try ModelBytes(opening: model, limits: limits)
    try scratch.write([], to: "m.onnx")
    #expect(code { _ = try ONNXFile.open(bytes, limits: limits) } == nil)
    // In place, too: the same file is written to.
    let (graph, weights) = try ONNXFile.open(bytes, limits: limits)
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: model))
    try handle.write(contentsOf: Data(repeating: 0, count: 4096))
    try handle.close()
    #expect(!graph.nodes.isEmpty)
    #expect(code { try weights.check() } == nil)
  }

  @Test func keysThatAreNoneAreRefused() throws {
    let sound = try [UInt8](#require(FileBytes.read(scratch.path + "/key.pub")))
    try FileManager.default.createSymbolicLink(atPath: scratch.path + "/link.pub", withDestinationPath: "key.pub")
    try scratch.write(Array(sound.dropLast(8)), to: "short.pub")
    try scratch.write(Array("untrusted comment: x\n\n".utf8), to: "empty.pub")
    for name in ["link.pub", "short.pub", "empty.pub", "m.onnx", "missing.pub"] {
      #expect(code { _ = try SignerKey(contentsOf: scratch.path + "/" + name) } == .unreadable, "\(name)")
    }
    // A key among others that cannot be read is not passed over.
    #expect(code { _ = try SignerKey.keys(in: scratch.path) } == .unreadable)
    for name in ["link.pub", "short.pub", "empty.pub"] {
      try FileManager.default.removeItem(atPath: scratch.path + "/" + name)
    }
    #expect(try SignerKey.keys(in: scratch.path) == limits.signers)
    #expect(try SignerKey.keys(in: scratch.path + "/nowhere").isEmpty)
  }

  @Test func base64IsStrict() {
    for text in ["", "QQ==", "QUI=", "QUJD", "+/+/"] {
      let bytes = Base64.decode(Array(text.utf8))
      #expect(bytes.map { Base64.encode($0) } == Array(text.utf8), "\(text)")
    }
    for text in ["Q", "QQ", "QQ=", "QR==", "Q===", "====", "QQ==QQ==", "QU J", "QQ==\n", "QUJDé"] {
      #expect(Base64.decode(Array(text.utf8)) == nil, "\(text)")
    }
  }
}
