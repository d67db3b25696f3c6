import Giemsa
import Text

/// `inspect MODEL`: shows the graph in the file and the graph that is run.
enum InspectCommand {
  static let command = Command(
    name: "inspect", arguments: "MODEL",
    summary: """
      Shows the model as stored in the file and as run: inputs, outputs, metadata, the passes with the number of places
      that each changed, and the output shape, parameters, multiply-adds and memory of every node.
      describe MODEL is short for inspect MODEL --summary.
      """,
    options: [
      OptionRule(
        name: "--size", value: "HxW", help: "height and width of inputs that leave them open; default 224x224"),
      OptionRule(name: "--batch", value: "N", help: "batch size of inputs that leave it open; default 1"),
      OptionRule(name: "--summary", value: nil, help: "omit the tables of nodes"),
      OptionRule(
        name: "--operators", value: nil,
        help: "list only what a program for this model needs (tools/build-field --for): operators, passes, kernels",
        isForWholeProgram: true),
      OptionRule(name: "--json", value: nil, help: "print one JSON object"),
    ] + LimitRules.all, run: run)

  @Sendable static func run(_ options: CommandLineOptions) throws(UsageError) -> Int32 {
    guard let path = options.positional.first, options.positional.count == 1 else {
      throw UsageError(message: "wants one model")
    }
    let batch = try options.int("--batch", default: 1, in: 1...65536)
    let size = try options.pictureSize() ?? (224, 224)
    let limits = try LimitRules.read(options)
    do {
      if !Version.isForSomeModels, options.has("--operators") {
        for name in try ModelInspection.needs(of: path, limits: limits) { Console.out(name) }
        return 0
      }
      let inspection = try ModelInspection(contentsOf: path, batch: batch, size: size, limits: limits)
      let tables = !options.has("--summary")
      Console.out(
        options.has("--json")
          ? InspectionJSON.text(inspection, path: path, tables: tables) : text(inspection, path: path, tables: tables))
      return 0
    } catch {
      Console.error("\(path): \(error)")
      return 1
    }
  }

  private static func text(_ model: ModelInspection, path: String, tables: Bool) -> String {
    var text = "\(path)\(model.name.isEmpty ? "" : ": \(model.name)")".printable + "\n\n"
    text += interface(model)
    if tables {
      text += "\nIn the file\n\n" + nodes(model.inFile)
      text += "\nAs it is run\n\n" + nodes(model.asRun)
    }
    text += "\nPasses\n\n"
    var list = TextTable([("pass", .left), ("changes", .right)])
    for pass in model.passes { list.add([pass.name, "\(pass.changes)"]) }
    text += list.text
    text += "\nOperators\n\n" + operators(model.inFile, model.asRun)
    return text + "\nTotals\n\n" + totals(model.inFile, model.asRun)
  }

  private static func interface(_ model: ModelInspection) -> String {
    var list = TextTable([("", .left), ("name", .left), ("type", .left), ("shape", .left)])
    for port in model.ports { list.add([port.kind, port.name, port.type, port.shape]) }
    var text = list.text
    for (key, value) in model.metadata {
      // A training record may be long.
      let start = value.unicodeScalars.prefix(200)
      let cut = start.endIndex == value.unicodeScalars.endIndex ? "" : "…"
      text += "\(key): \(String(start))\(cut)".printable + "\n"
    }
    return text
  }

  /// A row for each node, and one with the sums.
  private static func nodes(_ stage: ModelInspection.Stage) -> String {
    var rows = TextTable([
      ("node", .left), ("operator", .left), ("output", .left), ("parameters", .right), ("multiply-adds", .right),
      ("memory", .right),
    ])
    for node in stage.nodes {
      rows.add([
        node.name, node.title, node.shape.map { "\($0)" } ?? "?",
        node.parameters == 0 ? "" : Quantity.grouped(node.parameters),
        node.multiplyAdds == 0 ? "" : Quantity.count(node.multiplyAdds), Quantity.bytes(node.outputBytes),
      ])
    }
    rows.rule()
    rows.add([
      "\(stage.nodes.count) nodes", "", "", Quantity.grouped(stage.parameters), Quantity.count(stage.multiplyAdds),
      Quantity.bytes(stage.activationBytes),
    ])
    return rows.text
  }

  private static func operators(_ before: ModelInspection.Stage, _ after: ModelInspection.Stage) -> String {
    var names = before.operatorCounts.map { $0.name }
    for (name, _) in after.operatorCounts where !names.contains(name) { names.append(name) }
    var list = TextTable([("operator", .left), ("in the file", .right), ("as run", .right)])
    func count(_ stage: ModelInspection.Stage, _ name: String) -> String {
      stage.operatorCounts.first { $0.name == name }.map { "\($0.count)" } ?? "-"
    }
    for name in names { list.add([name, count(before, name), count(after, name)]) }
    return list.text
  }

  private static func totals(_ before: ModelInspection.Stage, _ after: ModelInspection.Stage) -> String {
    var list = TextTable([("", .left), ("in the file", .right), ("as run", .right)])
    list.add(["nodes", "\(before.nodes.count)", "\(after.nodes.count)"])
    list.add(["parameters", Quantity.grouped(before.parameters), Quantity.grouped(after.parameters)])
    list.add(["constants", Quantity.bytes(before.constantBytes), Quantity.bytes(after.constantBytes)])
    list.add(["multiply-adds", Quantity.count(before.multiplyAdds), Quantity.count(after.multiplyAdds)])
    list.add(["all activations", Quantity.bytes(before.activationBytes), Quantity.bytes(after.activationBytes)])
    list.add(["activations at a time", Quantity.bytes(before.peakBytes), Quantity.bytes(after.peakBytes)])
    return list.text
  }
}
