import Text

/// What Softmax and LogSoftmax normalise over: one axis or, before opset 13, all axes from `axis` on.
public struct SoftmaxAxis: Sendable, Equatable {
  /// Negative values count from the back.
  public var axis: Int
  /// The meaning before opset 13: all axes from ``axis`` on together. Opset 21 has no attribute for it. When a file is
  /// written, ``Graph/withOldSoftmaxSpelledOut()`` replaces it by other operators.
  public var includesLaterAxes: Bool

  public init(_ axis: Int = -1, includesLaterAxes: Bool = false) {
    self.axis = axis
    self.includesLaterAxes = includesLaterAxes && axis != -1
  }

  init(_ attributes: AttributeReader) throws(GraphError) {
    let isOld = attributes.opset < 13
    self.init(try attributes.int("axis", default: isOld ? 1 : -1), includesLaterAxes: isOld)
  }

  var attributes: [Attribute] { [.int("axis", axis)] }

  /// `shape` as outer × count × inner, to be normalised along count. Throws E206 for an axis that does not exist.
  public func split(_ shape: Shape, of operatorName: String) throws(GraphError) -> (outer: Int, count: Int, inner: Int)
  {
    let axis = try shape.axis(axis, of: operatorName)
    let end = includesLaterAxes ? shape.rank : axis + 1
    func product(_ axes: Range<Int>) -> Int { shape.extents[axes].reduce(1) { $0 * $1 } }
    return (product(0..<axis), product(axis..<end), product(end..<shape.rank))
  }

  /// Replaces every element. `normalize` gets the element, the largest value along the axis, and the sum of the
  /// exponentials of all values along the axis minus the largest.
  @inline(__always)
  func normalized<Number: Real>(
    _ x: Tensor, of operatorName: String, _ normalize: (_ x: Number, _ largest: Number, _ sum: Double) -> Number
  ) throws(GraphError) -> Tensor {
    let (outer, count, inner) = try split(x.shape, of: operatorName)
    var y = x
    y.withMutableElements(Number.self) { y in
      for line in 0..<outer * inner {
        let start = line / inner * count * inner + line % inner
        var largest = Number.lowest
        for index in 0..<count { largest = max(largest, y[start + index * inner]) }
        var sum = 0.0
        for index in 0..<count { sum += (y[start + index * inner] - largest).exponential.wide }
        for index in 0..<count {
          y[start + index * inner] = normalize(y[start + index * inner], largest, sum)
        }
      }
    }
    return y
  }
}
