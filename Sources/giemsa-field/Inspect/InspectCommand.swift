import ModelGraph
import ONNXFormat
import Passes
import Text

/// `inspect MODEL`: what is in a file, and what becomes of it before it runs.
enum InspectCommand {
  static let command = Command(
    name: "inspect", arguments: "MODEL",
    summary: """
      Shows the model as it is in the file and as it is run: inputs, outputs, metadata, the passes with the number of
      places they changed, and for every node its output's shape, parameters, multiply-adds and memory.
      """,
    options: [
      OptionRule(name: "--size", value: "HxW", help: "height and width for inputs that leave them open; 224x224"),
      OptionRule(name: "--batch", value: "N", help: "for inputs that leave the batch open; 1"),
      OptionRule(name: "--summary", value: nil, help: "leave the tables of nodes out"),
    ] + LimitRules.all, run: run)

  @Sendable static func run(_ options: CommandLineOptions) throws(UsageError) -> Int32 {
    guard let path = options.positional.first, options.positional.count == 1 else {
      throw UsageError(message: "wants one model")
    }
    let batch = try options.int("--batch", default: 1, in: 1...65536)
    let size = try pictureSize(options.string("--size") ?? "224x224")
    let limits = try LimitRules.read(options)
    do {
      let graph = try ONNXFile.read(path, limits: limits)
      try inspect(graph, path: path, batch: batch, size: size, tables: !options.has("--summary"), limits)
      return 0
    } catch {
      Console.error("\(path): \(error)")
      return 1
    }
  }

  private static func pictureSize(_ text: String) throws(UsageError) -> (Int, Int) {
    let parts = Array(text.utf8).split(separator: UInt8(ascii: "x")).map { Int(String(decoding: $0, as: UTF8.self)) }
    guard parts.count == 2, let height = parts[0], let width = parts[1], (1...16384).contains(height),
      (1...16384).contains(width)
    else { throw UsageError(message: "--size '\(text)' must be HEIGHTxWIDTH, each from 1 to 16384: 224x224") }
    return (height, width)
  }

  private static func inspect(
    _ graph: Graph, path: String, batch: Int, size: (Int, Int), tables: Bool, _ limits: Limits
  ) throws(GraphError) {
    var text = "\(path)\(graph.name.isEmpty ? "" : ": \(graph.name)")".printable + "\n\n"
    text += interface(graph)
    let shapes = graph.inputs.map { shape(graph.values[$0].declaration, batch, size) }
    let before = GraphSummary(graph, try graph.infer(shapes))

    var optimized = graph
    let passes = try PassPipeline.optimize(&optimized, limits: limits)
    let after = GraphSummary(optimized, try optimized.infer(shapes))

    if tables {
      text += "\nIn the file\n\n" + before.table
      text += "\nAs it is run\n\n" + after.table
    }
    text += "\nPasses\n\n"
    var list = TextTable([("pass", .left), ("changes", .right)])
    for pass in passes { list.add([pass.name, "\(pass.changes)"]) }
    text += list.text
    text += "\nOperators\n\n" + operators(before, after)
    text += "\nTotals\n\n" + totals(before, after)
    Console.out(text)
  }

  /// Symbols of the outermost axis are the batch, the last two of four are height and width, any other is 1.
  private static func shape(_ declaration: Declaration?, _ batch: Int, _ size: (Int, Int)) -> Shape {
    var extents: [Int] = []
    let dimensions = declaration?.dimensions ?? []
    for (axis, dimension) in dimensions.enumerated() {
      switch dimension {
      case .fixed(let extent): extents.append(extent)
      case .symbol where axis == 0: extents.append(batch)
      case .symbol where dimensions.count == 4 && axis == 2: extents.append(size.0)
      case .symbol where dimensions.count == 4 && axis == 3: extents.append(size.1)
      case .symbol: extents.append(1)
      }
    }
    return Shape(extents)
  }

  private static func interface(_ graph: Graph) -> String {
    var list = TextTable([("", .left), ("name", .left), ("type", .left), ("shape", .left)])
    for (kind, ids) in [("input", graph.inputs), ("output", graph.outputs)] {
      for id in ids {
        let value = graph.values[id]
        var extents = "["
        for (axis, dimension) in (value.declaration?.dimensions ?? []).enumerated() {
          extents += (axis > 0 ? ", " : "") + dimension.text
        }
        let declared = value.declaration.map { ($0.type.name, extents + "]") } ?? ("?", "?")
        list.add([kind, value.name, declared.0, declared.1])
      }
    }
    var text = list.text
    for (key, value) in graph.metadata {
      // A training record may be long.
      let start = value.unicodeScalars.prefix(200)
      let cut = start.endIndex == value.unicodeScalars.endIndex ? "" : "…"
      text += "\(key): \(String(start))\(cut)".printable + "\n"
    }
    return text
  }

  private static func operators(_ before: GraphSummary, _ after: GraphSummary) -> String {
    var names = before.operatorCounts.map { $0.name }
    for (name, _) in after.operatorCounts where !names.contains(name) { names.append(name) }
    var list = TextTable([("operator", .left), ("in the file", .right), ("as run", .right)])
    func count(_ summary: GraphSummary, _ name: String) -> String {
      summary.operatorCounts.first { $0.name == name }.map { "\($0.count)" } ?? "-"
    }
    for name in names { list.add([name, count(before, name), count(after, name)]) }
    return list.text
  }

  private static func totals(_ before: GraphSummary, _ after: GraphSummary) -> String {
    var list = TextTable([("", .left), ("in the file", .right), ("as run", .right)])
    list.add(["nodes", "\(before.nodes)", "\(after.nodes)"])
    list.add(["parameters", Quantity.grouped(before.parameters), Quantity.grouped(after.parameters)])
    list.add(["constants", Quantity.bytes(before.constantBytes), Quantity.bytes(after.constantBytes)])
    list.add(["multiply-adds", Quantity.count(before.multiplyAdds), Quantity.count(after.multiplyAdds)])
    list.add(["all activations", Quantity.bytes(before.activationBytes), Quantity.bytes(after.activationBytes)])
    list.add(["activations at a time", Quantity.bytes(before.peakBytes), Quantity.bytes(after.peakBytes)])
    return list.text
  }
}
