import ArgumentParser
import Foundation
import ModelGraph
import ONNXFormat
import Text

struct SignCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign",
    abstract: "Signs a model's file, so that a box in the field takes it and no other.",
    discussion: """
      Writes MODEL.minisig in the format of minisign, whose own program makes the keys (minisign -G) and verifies what \
      is written here (minisign -V). External data are covered: the trusted comment carries their hashes. On the other \
      machine: giemsa-field … --trusted minisign.pub, or the key in /etc/giemsa/trusted.

      The password of an encrypted key is asked for on a terminal, or read as a line of standard input.
      """)

  @Argument(help: ArgumentHelp("An ONNX file.", valueName: "model")) var model: String
  @Option(help: ArgumentHelp("The secret key, as minisign -G writes it.", valueName: "file")) var key: String
  @Option(help: ArgumentHelp("A remark that the signature covers; minisign -V shows it.", valueName: "text"))
  var comment: String?

  func validate() throws {
    if let comment, comment.unicodeScalars.contains(where: { $0.speaksToTerminals }) {
      throw ValidationError("--comment must be one line without control characters")
    }
  }

  func run() throws {
    try reporting {
      let parts = try trustedParts()
      var secret = try SecretKey(contentsOf: key) { try password() }
      defer { secret.wipe() }
      let content: Data
      do { content = try Data(contentsOf: URL(fileURLWithPath: model)) } catch {
        throw CommandFailure("\(model): cannot be read")
      }
      let hash = content.withUnsafeBytes { ModelSignature.hash($0, byteCount: 64) }
      let signature = secret.sign(hash)
      let trusted = Array(parts.joined(separator: [UInt8(ascii: "\t")]))
      let lines: [[UInt8]] = [
        Array((MinisignText.untrusted + "signature by giemsa").utf8),
        Base64.encode(Array("ED".utf8) + secret.number + signature),
        Array(MinisignText.trusted.utf8) + trusted,
        Base64.encode(secret.sign(signature + trusted)),
      ]
      let path = model + ModelSignature.suffix
      try writeFile(Data(lines.flatMap { $0 + [UInt8(ascii: "\n")] }), to: path)
      Console.out(path.printable)
    }
  }

  /// What the signature says besides: minisign's own parts, the remark, hashes of external data.
  private func trustedParts() throws -> [[UInt8]] {
    let files: [ModelSignature.DataFile]
    do { files = try ONNXFile.dataFiles(of: model) } catch { throw CommandFailure("\(model): \(error)") }
    var parts = ["timestamp:\(Int(Date().timeIntervalSince1970))", "file:\(PathText.lastComponent(model).printable)"]
    parts.append("hashed")
    if let comment { parts.append(comment) }
    for file in files where file.location.printable != file.location {
      throw CommandFailure("\(model): external data '\(file.location)': a name with such characters cannot be signed")
    }
    let all = parts.map { Array($0.utf8) } + files.map { ModelSignature.comment(of: $0) }
    guard all.reduce(0, { $0 + $1.count + 1 }) < MinisignText.longestTrusted else {
      throw CommandFailure(
        "\(model): the hashes of \(files.count) files of external data do not fit into a signature; "
          + "put the weights into fewer files")
    }
    return all
  }

  private func password() throws -> String {
    if isatty(0) == 1 {
      guard let text = getpass("Password of \(key.printable): ") else {
        throw CommandFailure("\(key): its password cannot be asked for")
      }
      return String(cString: text)
    }
    guard let line = readLine() else {
      throw CommandFailure("\(key): is encrypted, and standard input has no line with its password")
    }
    return line
  }
}
