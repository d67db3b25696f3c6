import Giemsa
import Text

/// SARIF 2.1.0, which code scanning and editors read.
/// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
enum SARIFText {
  /// The document around the results of all models.
  static func document(_ results: [String], status: Int32) -> String {
    var text =
      "{\n\"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",\n\"version\": \"2.1.0\",\n\"runs\": [{\n"
    text += "\"tool\": {\"driver\": {\"name\": \"giemsa-field\", \"version\": \(JSONText.quoted(Version.number)),\n"
    text += "\"rules\": [\n\(rules)]}},\n"
    text +=
      "\"invocations\": [{\"executionSuccessful\": \(status == 2 ? "false" : "true"), \"exitCode\": \(status)}],\n"
    return text + "\"results\": [\n\(results.joined(separator: ",\n"))]\n}]\n}"
  }

  /// The results of one model, separated by commas.
  static func results(_ report: FileReport) -> String {
    let place =
      "\"physicalLocation\": {\"artifactLocation\": {\"uri\": \"\(uri(report.path))\"}, \"region\": {\"startLine\": 1}}"
    var results: [String] = []
    for entry in report.entries {
      let finding = entry.finding
      var text = "{\"ruleId\": \"\(finding.code.text)\", \"level\": \(entry.isError ? "\"error\"" : "\"warning\"")"
      text += ", \"message\": {\"text\": \(JSONText.quoted(finding.message))}, \"locations\": [{\(place)"
      var places: [String] = []
      for (kind, name) in [("node", finding.node), ("tensor", finding.tensor)] {
        guard let name else { continue }
        let full = JSONText.quoted("\(kind)/\(name)")
        places.append(
          "{\"name\": \(JSONText.quoted(name)), \"fullyQualifiedName\": \(full), \"kind\": \"\(kind)\"}")
      }
      if !places.isEmpty { text += ", \"logicalLocations\": [\(places.joined(separator: ", "))]" }
      text += "}]"
      if entry.isAccepted { text += ", \"suppressions\": [{\"kind\": \"external\"}]" }
      results.append(text + "}")
    }
    return results.joined(separator: ",\n")
  }

  /// All codes, with docs/CODES.md as help.
  private static var rules: String {
    var rules: [String] = []
    for line in CodeTexts.table.utf8.split(separator: UInt8(ascii: "\n")) {
      let parts = line.split(separator: UInt8(ascii: "|")).map { String(decoding: Array($0), as: UTF8.self) }
      guard parts.count == 3 else { continue }
      let meaning = JSONText.quoted(parts[1])
      let level = parts[0].utf8.first == UInt8(ascii: "W") ? "warning" : "error"
      rules.append(
        "{\"id\": \"\(parts[0])\", \"shortDescription\": {\"text\": \(meaning)}, \"fullDescription\": {\"text\": "
          + "\(meaning)}, "
          + "\"help\": {\"text\": \(JSONText.quoted(parts[2]))}, \"defaultConfiguration\": {\"level\": \"\(level)\"}}")
    }
    return rules.joined(separator: ",\n")
  }

  /// A path as a URI: relative as it is, absolute with its scheme; other bytes than letters, digits and `-._~/` in
  /// hexadecimal.
  private static func uri(_ path: String) -> String {
    var uri = path.utf8.first == UInt8(ascii: "/") ? "file://" : ""
    for byte in PathText.bytes(of: path) {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "-")...UInt8(ascii: "9"),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        uri.unicodeScalars.append(Unicode.Scalar(byte))
      default: uri += "%" + hexadecimal(UInt32(byte), 2)
      }
    }
    return uri
  }
}
