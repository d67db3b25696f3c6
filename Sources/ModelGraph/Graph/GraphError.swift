import Text

/// An error in a model file or a graph: a stable code, and a message that says what is wrong, where, and what to do.
///
/// Thrown by everything that reads, checks, rewrites or runs a graph. `docs/CODES.md` lists the codes.
public struct GraphError: Error, Sendable {
  public let code: Code
  public var message: String

  /// Bytes. Messages contain names from the file, which can be very long.
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

// Errors that more than one module reports.
extension GraphError {
  /// E101: what was read of a model's file and what would be read now do not belong together.
  public static var changedFile: GraphError {
    GraphError(.unreadable, "was written to while it was open; open it again")
  }

  /// E202: a node reads a value that no earlier one makes.
  public static func undefinedInput(_ name: String) -> GraphError {
    GraphError(.undefinedValue, "input '\(name)' is produced by no earlier node")
  }

  /// E210: nothing makes an output of the graph.
  public static func undefinedOutput(_ name: String) -> GraphError {
    GraphError(.noOutput, "output '\(name)' is produced by no node")
  }

  /// E213: tensors, or shapes, for another number of inputs than the graph has.
  public static func wrongInputCount(_ given: Int, _ wanted: Int, _ what: String = "") -> GraphError {
    GraphError(.badInput, "the model has \(wanted) inputs; \(given) \(what)were given")
  }

  /// E213: an input of the graph without a declaration.
  public static func undeclaredInput(_ name: String) -> GraphError {
    GraphError(.badInput, "input '\(name)' does not say its type")
  }
}

extension GraphError: CustomStringConvertible {
  /// `E204 node 'Conv_12': …`: one line, without control characters.
  public var description: String { "\(code.text) \(message.printable)" }
}

/// Stable codes. 1xx: the file. 2xx: the graph. 3xx: warnings about what works but is probably not intended. 4xx: a budget
/// that `validate` was given.
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
  case unsigned = 118
  case badSignature = 119

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
  case lateShape = 305
  case badScale = 306
  case saturatedWeights = 307
  case narrowWeights = 308
  case largeBias = 309
  case halfQuantized = 310
  case zeroWeights = 311
  case duplicateWeights = 312
  case deadChannels = 313
  case smallVariance = 314
  case noProbability = 315
  case doubles = 316
  case foldable = 317
  case unusedInput = 318
  case fixedBatch = 319

  // Budgets.
  case overSize = 401
  case overParameters = 402
  case overMultiplyAdds = 403
  case overMemory = 404
  case unwantedOpset = 405
  case unlistedOperator = 406
  case notOnTarget = 407
  case unfreeBatch = 408

  public var isWarning: Bool { rawValue / 100 == 3 }

  /// `E204`, `W301`.
  public var text: String { isWarning ? "W\(rawValue)" : "E\(rawValue)" }
}
