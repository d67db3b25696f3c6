import Reports
import Text

/// The card of a model's file as Markdown and as JSON.
enum CardText {
  /// The card in the file, or a heading where there is none; then what the file itself shows.
  static func markdown(_ facts: ModelFacts) -> String {
    let heading = "# Model card: \(ModelCard.plain(facts.name))\n"
    var text = facts.card.map { ModelCard.printable($0) } ?? heading
    if !text.hasSuffix("\n") { text += "\n" }
    func section(_ title: String, _ rows: [(name: String, value: String)]) {
      guard !rows.isEmpty else { return }
      text += "\n## \(title)\n\n| | |\n|---|---|\n"
      for row in rows { text += "| \(ModelCard.plain(row.name)) | \(ModelCard.plain(row.value)) |\n" }
    }
    var file = [(name: "name", value: facts.name), ("bytes", "\(facts.byteCount)"), ("SHA-256", facts.hash)]
    for data in facts.dataFiles { file.append(("BLAKE2b-256 of \(data.location)", data.hash)) }
    file.append(("licence", facts.license ?? "not stated"))
    if let author = facts.author { file.append(("author", author)) }
    file.append(("opset", "\(facts.opset)"))
    for port in facts.inputs { file.append(("input \(port.name)", port.format)) }
    for port in facts.outputs { file.append(("output \(port.name)", port.format)) }
    section("File", file)
    section("Pictures and answers", facts.settings)
    // The card's recipe says the same in sentences.
    if facts.card == nil { section("Training", (facts.training ?? []).map { ($0.key, $0.value.words) }) }
    section("Quantisation", (facts.quantization ?? []).map { ($0.key, $0.value.words) })
    let own = facts.card.map { ModelCard.rates(in: $0).count } ?? 0
    section("Results", facts.rates.dropFirst(own).map { ($0.name, $0.words) })
    return text
  }

  /// A JSON object on one line.
  static func json(_ facts: ModelFacts) -> String {
    func ports(_ ports: [ModelFacts.Port]) -> JSONTree {
      .list(ports.map { .object([("name", .text($0.name)), ("format", .text($0.format))]) })
    }
    let rates = facts.rates.map { rate in
      JSONTree.object(of: [
        ("name", .text(rate.name)), ("hits", .count(rate.hits)), ("count", .count(rate.count)),
        ("by_cell", rate.byCell.map { interval($0) }), ("by_slide", rate.bySlide.map { interval($0) }),
      ])
    }
    let data = facts.dataFiles.map { file in
      JSONTree.object([("name", .text(file.location)), ("blake2b_256", .text(file.hash))])
    }
    let object = JSONTree.object(of: [
      ("file", .text(facts.name)), ("bytes", .count(facts.byteCount)), ("sha256", .text(facts.hash)),
      ("data_files", .list(data)), ("license", facts.license.map { .text($0) }),
      ("author", facts.author.map { .text($0) }), ("opset", .count(facts.opset)), ("inputs", ports(facts.inputs)),
      ("outputs", ports(facts.outputs)), ("pictures_sha256", facts.pictureHash.map { .text($0) }),
      ("metadata", .object(facts.settings.map { ($0.name, .text($0.value)) })),
      ("training", facts.training.map { .object($0) }), ("quantization", facts.quantization.map { .object($0) }),
      ("results", .list(rates)), ("card", facts.card.map { .text($0) }),
    ])
    return object.compact + "\n"
  }

  private static func interval(_ interval: ModelCard.Rate.Interval) -> JSONTree {
    .list([.number(interval.low), .number(interval.high)])
  }
}
