import Giemsa
import Text

/// What `inspect --json` prints.
enum InspectionJSON {
  static func text(_ model: ModelInspection, path: String, tables: Bool) -> String {
    var text = "{\"file\": \(JSONText.quoted(path)), \"name\": \(JSONText.quoted(model.name))"
    text += list("ports", model.ports) {
      "{\"kind\": \"\($0.kind)\", \"name\": \(JSONText.quoted($0.name)), \"type\": \"\($0.type)\", "
        + "\"shape\": \(JSONText.quoted($0.shape))}"
    }
    text += list("metadata", model.metadata) {
      "{\"key\": \(JSONText.quoted($0.key)), \"value\": \(JSONText.quoted($0.value))}"
    }
    text += ", \"in_file\": \(stage(model.inFile, tables)), \"as_run\": \(stage(model.asRun, tables))"
    return text + list("passes", model.passes) { "{\"name\": \"\($0.name)\", \"changes\": \($0.changes)}" } + "}"
  }

  private static func stage(_ stage: ModelInspection.Stage, _ tables: Bool) -> String {
    var text = "{\"node_count\": \(stage.nodes.count), \"parameters\": \(stage.parameters)"
    text += ", \"constant_bytes\": \(stage.constantBytes), \"multiply_adds\": \(stage.multiplyAdds)"
    text += ", \"activation_bytes\": \(stage.activationBytes), \"peak_activation_bytes\": \(stage.peakBytes)"
    text += list("operators", stage.operatorCounts) {
      "{\"name\": \(JSONText.quoted($0.name)), \"count\": \($0.count)}"
    }
    if tables {
      text += list("nodes", stage.nodes) {
        "{\"name\": \(JSONText.quoted($0.name)), \"operator\": \(JSONText.quoted($0.title)), "
          + "\"shape\": \($0.shape.map { $0.description } ?? "null"), \"parameters\": \($0.parameters), "
          + "\"multiply_adds\": \($0.multiplyAdds), \"bytes\": \($0.outputBytes)}"
      }
    }
    return text + "}"
  }

  private static func list<Element>(_ name: String, _ elements: [Element], _ text: (Element) -> String) -> String {
    ", \"\(name)\": [" + elements.map(text).joined(separator: ", ") + "]"
  }
}
