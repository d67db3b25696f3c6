import Text

/// A JSON value, written with the same bytes for the same content.
enum JSONTree: Decodable {
  case text(String)
  case count(Int)
  case number(Double)
  case flag(Bool)
  case nothing
  case list([JSONTree])
  case object([(key: String, value: JSONTree)])

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .nothing
    } else if let flag = try? value.decode(Bool.self) {
      self = .flag(flag)
    } else if let count = try? value.decode(Int.self) {
      self = .count(count)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else if let text = try? value.decode(String.self) {
      self = .text(text)
    } else if let list = try? value.decode([JSONTree].self) {
      self = .list(list)
    } else {
      self = .object(try value.decode([String: JSONTree].self).sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }
  }

  /// An object without the members that are nil.
  static func object(of members: [(key: String, value: JSONTree?)]) -> JSONTree {
    .object(members.compactMap { key, value in value.map { (key, $0) } })
  }

  static func texts(_ texts: [String]) -> JSONTree { .list(texts.map { .text($0) }) }

  /// On one line.
  var compact: String {
    switch self {
    case .list(let items): "[\(items.map { $0.compact }.joined(separator: ", "))]"
    case .object(let members):
      "{\(members.map { "\(JSONText.quoted($0.key)): \($0.value.compact)" }.joined(separator: ", "))}"
    default: scalar
    }
  }

  /// With a member or item on each line.
  func indented(_ margin: String = "") -> String {
    let inner = margin + "  "
    switch self {
    case .list(let items) where !items.isEmpty:
      return "[\n" + items.map { inner + $0.indented(inner) }.joined(separator: ",\n") + "\n\(margin)]"
    case .object(let members) where !members.isEmpty:
      let lines = members.map { "\(inner)\(JSONText.quoted($0.key)): \($0.value.indented(inner))" }
      return "{\n" + lines.joined(separator: ",\n") + "\n\(margin)}"
    default: return compact
    }
  }

  /// What a person reads: a text without its quotes.
  var words: String {
    if case .text(let text) = self { return text }
    return compact
  }

  private var scalar: String {
    switch self {
    case .text(let text): JSONText.quoted(text)
    case .count(let count): "\(count)"
    case .number(let number): number.isFinite ? NumberText.shortest(number) : "null"
    case .flag(let flag): "\(flag)"
    default: "null"
    }
  }
}
