import Text

/// What went wrong with a model file or a graph: a stable code and a sentence that says what, where and what to do.
///
/// Thrown by everything that reads, checks, rewrites or runs a graph. `docs/CODES.md` lists the codes.
public struct GraphError: Error, Sendable {
  public let code: Code
  public var message: String

  /// A message names things of the file, and some are very long.
  public static let longestMessage = 1200

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message.shortened(to: GraphError.longestMessage)
  }

  /// The same error with `place` in front: `node 'Conv_12': …`.
  public func at(_ place: String) -> GraphError { GraphError(code, "\(place): \(message)") }

  static func wrongRank(_ what: String, expected: Int, found: Int) -> GraphError {
    GraphError(.wrongRank, "\(what) must have \(expected) dimensions, has \(found)")
  }

  static func mismatch(_ message: String) -> GraphError { GraphError(.shapeMismatch, message) }
}

extension GraphError: CustomStringConvertible {
  /// `E204 node 'Conv_12': …`, one line that is safe to show.
  public var description: String { "\(code.text) \(message.printable)" }
}

/// Stable codes: 1xx the file, 2xx the graph, 3xx (warnings) what will work but is probably not meant.
public enum Code: Int, Sendable, CaseIterable {
  // The file.
  case unreadable = 101
  case empty = 102
  case notONNX = 103
  case damaged = 104
  case overLimit = 105
  case irVersion = 106
  case opset = 107
  case domain = 108
  case subgraph = 109
  case functions = 110
  case unsupportedType = 111
  case wrongDataSize = 112
  case externalPath = 113
  case externalMissing = 114
  case externalSize = 115
  case noGraph = 116
  case sparse = 117

  // The graph.
  case unknownOperator = 201
  case undefinedValue = 202
  case cycle = 203
  case shapeMismatch = 204
  case wrongRank = 205
  case badAttribute = 206
  case wrongArity = 207
  case typeMismatch = 208
  case definedTwice = 209
  case noOutput = 210
  case notConstant = 211
  case tooLarge = 212
  case badInput = 213
  case notFinite = 214
  case badMetadata = 215

  // Warnings.
  case unusedConstant = 301
  case deadNode = 302
  case noMetadata = 303
  case unsorted = 304

  public var isWarning: Bool { rawValue >= 300 }

  /// `E204`, `W301`.
  public var text: String { isWarning ? "W\(rawValue)" : "E\(rawValue)" }
}
