import Text

/// The extents of a tensor, outermost first. Row-major, as ONNX stores it.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral {
  public var extents: [Int]

  public init(_ extents: [Int]) { self.extents = extents }
  public init(arrayLiteral elements: Int...) { extents = elements }

  public var rank: Int { extents.count }

  public subscript(axis: Int) -> Int {
    get { extents[axis] }
    set { extents[axis] = newValue }
  }

  /// Number of elements; 1 for a scalar. Safe for shapes that passed ``checked(limit:)``.
  public var count: Int { extents.reduce(1) { $0 * $1 } }

  /// For each axis, the distance in elements from one index to the next.
  public var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    var step = 1
    for axis in stride(from: rank - 1, through: 0, by: -1) {
      strides[axis] = step
      step *= extents[axis]
    }
    return strides
  }

  /// Whether a tensor of this shape has one element for each channel of each sample of `picture`, `[N, C, …]`.
  public func isGate(of picture: Shape) -> Bool {
    rank >= 3 && rank == picture.rank && self[0] == picture[0] && self[1] == picture[1] && count == self[0] * self[1]
  }

  /// The largest number of elements of a tensor: 2^31 - 1, as in other engines.
  public static let elementLimit = Int(Int32.max)

  /// The largest number of axes of a tensor, as in NumPy. Without it a Reshape could make a million axes.
  public static let rankLimit = 64

  /// Throws E212 if an extent is negative or there are more than `limit` elements, so that ``count`` cannot overflow,
  /// and E205 beyond ``rankLimit`` axes.
  public func checked(limit: Int = Shape.elementLimit) throws(GraphError) -> Shape {
    guard rank <= Shape.rankLimit else {
      throw GraphError(.wrongRank, "a shape of \(rank) axes; \(Shape.rankLimit) are possible")
    }
    var count = 1
    // An extent of 0 must not hide an overflow: strides are products of the other extents.
    for extent in extents {
      guard extent >= 0 else { throw GraphError(.tooLarge, "shape \(self) has a negative extent") }
      let (product, overflow) = count.multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow, product <= limit else {
        throw GraphError(.tooLarge, "shape \(self) has more than \(limit) elements")
      }
      count = product
    }
    return self
  }

  /// NumPy's broadcasting of two shapes, or nil where they do not fit. https://onnx.ai/onnx/repo-docs/Broadcasting.html
  public static func broadcast(_ a: Shape, _ b: Shape) -> Shape? {
    let rank = max(a.rank, b.rank)
    var extents = [Int](repeating: 1, count: rank)
    for axis in 0..<rank {
      let x = axis < rank - a.rank ? 1 : a[axis - (rank - a.rank)]
      let y = axis < rank - b.rank ? 1 : b[axis - (rank - b.rank)]
      guard x == y || x == 1 || y == 1 else { return nil }
      extents[axis] = x == 1 ? y : x
    }
    return Shape(extents)
  }

  /// `axis` counted from the front, where negative values count from the back; throws E206 outside `-rank ..< rank`.
  public func axis(_ axis: Int, of operatorName: String) throws(GraphError) -> Int {
    guard axis >= -rank, axis < rank else {
      throw GraphError(.badAttribute, "\(operatorName): axis \(axis) does not exist in a tensor of rank \(rank)")
    }
    return axis < 0 ? axis + rank : axis
  }
}

extension Shape: CustomStringConvertible {
  /// `[1, 3, 224, 224]`
  public var description: String {
    var text = "["
    for (index, extent) in extents.enumerated() {
      if index > 0 { text += ", " }
      text += "\(extent)"
    }
    return text + "]"
  }
}
