import Text

/// One extent of a graph input or output: a number, or a name that is bound when the graph is planned (`N`, `batch`).
public enum Dimension: Equatable, Sendable {
  case fixed(Int)
  case symbol(String)

  public static func == (a: Dimension, b: Dimension) -> Bool {
    switch (a, b) {
    case (.fixed(let a), .fixed(let b)): a == b
    case (.symbol(let a), .symbol(let b)): a.isExactly(b)
    default: false
    }
  }

  public var text: String {
    switch self {
    case .fixed(let extent): "\(extent)"
    case .symbol(let name): name
    }
  }
}

/// The type and dimensions that a file declares for a graph input or output.
public struct Declaration: Sendable {
  public var type: ElementType
  public var dimensions: [Dimension]

  public init(_ type: ElementType, _ dimensions: [Dimension]) {
    self.type = type
    self.dimensions = dimensions
  }

  public init(_ type: ElementType, _ shape: Shape) { self.init(type, shape.extents.map { .fixed($0) }) }

  /// The shape with every symbol bound; a symbol without a binding takes `fallback`.
  public func shape(binding symbols: [ExactText: Int] = [:], fallback: Int = 1) -> Shape {
    var extents: [Int] = []
    for dimension in dimensions {
      switch dimension {
      case .fixed(let extent): extents.append(extent)
      case .symbol(let name): extents.append(symbols[ExactText(name)] ?? fallback)
      }
    }
    return Shape(extents)
  }
}
