import Reports
import Text
import Training

/// A bill of materials for a model: CycloneDX 1.6 as JSON, with a model card. https://cyclonedx.org/docs/1.6/json
enum CycloneDX {
  /// - Parameter date: nil: the document has no time.
  static func document(_ facts: ModelFacts, date: String?) -> String {
    var parts: [JSONTree] = []
    var needs: [String] = []
    if facts.training != nil || facts.pictureHash != nil {
      parts.append(pictures(facts))
      needs.append("training-data")
    }
    for (index, file) in facts.dataFiles.enumerated() {
      needs.append("data-file-\(index)")
      parts.append(
        .object([
          ("type", .text("file")), ("bom-ref", .text("data-file-\(index)")), ("name", text(file.location)),
          ("hashes", .list([hash("BLAKE2b-256", file.hash)])),
        ]))
    }
    let tool = JSONTree.object([
      ("type", .text("application")), ("name", .text("giemsa")), ("version", .text(Giemsa.version)),
    ])
    let metadata = JSONTree.object(of: [
      ("timestamp", date.map { .text($0) }), ("tools", .object([("components", .list([tool]))])),
      ("component", model(facts)),
    ])
    let content: [(key: String, value: JSONTree)] = [
      ("version", .count(1)), ("metadata", metadata), ("components", .list(parts)),
      ("dependencies", .list([.object([("ref", .text("model")), ("dependsOn", .texts(needs))])])),
    ]
    let head: [(key: String, value: JSONTree)] = [
      ("bomFormat", .text("CycloneDX")), ("specVersion", .text("1.6")),
      ("serialNumber", .text(serialNumber(JSONTree.object(content).compact))),
    ]
    return JSONTree.object(head + content).indented() + "\n"
  }

  /// A UUID of version 8, whose bits follow from the content. https://www.rfc-editor.org/rfc/rfc9562#section-5.8
  private static func serialNumber(_ content: String) -> String {
    var digits = Array(ContentHash.hex(Array(content.utf8)).utf8.prefix(32))
    digits[12] = UInt8(ascii: "8")
    digits[16] = UInt8(ascii: "a")
    var text = "urn:uuid:"
    for (index, digit) in digits.enumerated() {
      if [8, 12, 16, 20].contains(index) { text += "-" }
      text.unicodeScalars.append(Unicode.Scalar(digit))
    }
    return text
  }

  private static func model(_ facts: ModelFacts) -> JSONTree {
    .object(of: [
      ("type", .text("machine-learning-model")), ("bom-ref", .text("model")), ("name", text(facts.name)),
      ("authors", facts.author.map { .list([.object([("name", text($0))])]) }),
      ("hashes", .list([hash("SHA-256", facts.hash)])), ("licenses", facts.license.map { .list([license($0)]) }),
      ("modelCard", card(facts)), ("properties", .list(properties(facts))),
    ])
  }

  private static func card(_ facts: ModelFacts) -> JSONTree {
    func ports(_ ports: [ModelFacts.Port]) -> JSONTree {
      .list(ports.map { .object([("format", text("\($0.name): \($0.format)"))]) })
    }
    let parameters = JSONTree.object(of: [
      ("approach", facts.training == nil ? nil : .object([("type", .text("supervised"))])),
      ("task", facts.metadata.classes.isEmpty ? nil : .text("classification")),
      ("modelArchitecture", facts.training("architecture").map { text($0.words) }),
      (
        "datasets",
        facts.training == nil && facts.pictureHash == nil
          ? nil : .list([.object([("ref", .text("training-data"))])])
      ),
      ("inputs", ports(facts.inputs)), ("outputs", ports(facts.outputs)),
    ])
    var metrics: [JSONTree] = []
    for rate in facts.rates where rate.count > 0 {
      for (kind, interval) in [("by cell", rate.byCell), ("by slide", rate.bySlide)] {
        guard let interval else { continue }
        metrics.append(
          .object([
            ("type", text(rate.name)), ("value", .text(NumberText.fixed(rate.share, 4))),
            ("slice", .text("validation pictures, \(rate.hits) of \(rate.count), 95 % interval \(kind)")),
            (
              "confidenceInterval",
              .object([
                ("lowerBound", .text(NumberText.fixed(interval.low, 4))),
                ("upperBound", .text(NumberText.fixed(interval.high, 4))),
              ])
            ),
          ]))
      }
    }
    let limits = facts.card.map { ModelCard.limits(in: $0) } ?? []
    return .object(of: [
      ("modelParameters", parameters),
      ("quantitativeAnalysis", metrics.isEmpty ? nil : .object([("performanceMetrics", .list(metrics))])),
      ("considerations", limits.isEmpty ? nil : .object([("technicalLimitations", .list(limits.map { text($0) }))])),
    ])
  }

  /// The pictures that it was trained on, of which the file has hash and number.
  private static func pictures(_ facts: ModelFacts) -> JSONTree {
    let counts = [("trainCount", "training"), ("validCount", "validation")].compactMap { key, name in
      facts.training(key).map { "\($0.words) \(name) pictures" }
    }
    let hashes = facts.pictureHash.map { JSONTree.list([hash("SHA-256", $0)]) }
    return .object(of: [
      ("type", .text("data")), ("bom-ref", .text("training-data")), ("name", .text("pictures")),
      (
        "description",
        text(
          (counts + ["the SHA-256 is of the sorted list of the pictures' hashes and classes"]).joined(separator: "; "))
      ),
      ("hashes", hashes),
      (
        "data",
        .list([
          .object(of: [
            ("type", .text("dataset")), ("name", .text("pictures")),
            (
              "classification",
              facts.metadata.classes.isEmpty
                ? nil : text("classes \(facts.metadata.classes.joined(separator: ", "))")
            ),
          ])
        ])
      ),
    ])
  }

  private static func properties(_ facts: ModelFacts) -> [JSONTree] {
    func property(_ name: String, _ value: String) -> JSONTree {
      .object([("name", text(name)), ("value", text(value))])
    }
    var list = [property("giemsa:bytes", "\(facts.byteCount)"), property("giemsa:opset", "\(facts.opset)")]
    list += facts.settings.map { property("giemsa:metadata:\($0.name)", $0.value) }
    list += (facts.training ?? []).map { property("giemsa:training:\($0.key)", $0.value.words) }
    list += (facts.quantization ?? []).map { property("giemsa:quantization:\($0.key)", $0.value.words) }
    return list
  }

  /// SPDX identifiers that a licence's `id` may be; the schema lists all, of which these are common for models.
  private static let identifiers: Set<String> = [
    "AFL-3.0", "AGPL-3.0-only", "AGPL-3.0-or-later", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0",
    "CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-NC-ND-4.0", "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0", "CC-BY-SA-4.0", "CC0-1.0",
    "EPL-2.0", "EUPL-1.2", "GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only", "GPL-3.0-or-later", "ISC",
    "LGPL-2.1-only", "LGPL-3.0-only", "LGPL-3.0-or-later", "MIT", "MPL-2.0", "ODbL-1.0", "PDDL-1.0", "Unlicense",
  ]

  private static func license(_ name: String) -> JSONTree {
    .object([("license", .object([(identifiers.contains(name) ? "id" : "name", text(name))]))])
  }

  private static func hash(_ algorithm: String, _ digits: String) -> JSONTree {
    .object([("alg", .text(algorithm)), ("content", .text(digits))])
  }

  /// Without what JSON's readers may stumble over: bytes that are not UTF-8.
  private static func text(_ text: String) -> JSONTree { .text(text.printable) }
}
