import Text

extension Tensor {
  /// Applies `transform` to each element. The tensor must be of type `Element`.
  @inline(__always)
  func mapped<Element: TensorElement, Result: TensorElement>(
    _ transform: (Element) -> Result
  ) throws(GraphError) -> Tensor {
    var result = try Tensor(zeros: shape, type: Result.elementType)
    withElements(Element.self) { source in
      result.withMutableElements(Result.self) { target in
        for index in 0..<source.count { target[index] = transform(source[index]) }
      }
    }
    return result
  }

  /// Applies `combine` to every pair of elements, with NumPy's broadcasting. Both tensors must be of type `Element`.
  @inline(__always)
  func combined<Element: TensorElement, Result: TensorElement>(
    with other: Tensor, of operatorName: String, _ combine: (Element, Element) -> Result
  ) throws(GraphError) -> Tensor {
    let rows = BroadcastRows(try broadcast(shape, other.shape, of: operatorName), shape, other.shape)
    var result = try Tensor(zeros: rows.shape, type: Result.elementType)
    withElements(Element.self) { a in
      other.withElements(Element.self) { b in
        result.withMutableElements(Result.self) { y in
          rows.forEach { start, aStart, bStart in
            switch (rows.aStep, rows.bStep) {
            case (1, 1): for i in 0..<rows.length { y[start + i] = combine(a[aStart + i], b[bStart + i]) }
            case (1, _): for i in 0..<rows.length { y[start + i] = combine(a[aStart + i], b[bStart]) }
            case (_, 1): for i in 0..<rows.length { y[start + i] = combine(a[aStart], b[bStart + i]) }
            case (_, _): for i in 0..<rows.length { y[start + i] = combine(a[aStart], b[bStart]) }
            }
          }
        }
      }
    }
    return result
  }
}

/// The shape that both broadcast to. Throws E204 if there is none.
func broadcast(_ a: Shape, _ b: Shape, of operatorName: String) throws(GraphError) -> Shape {
  guard let shape = Shape.broadcast(a, b) else {
    throw .mismatch("\(operatorName): \(a) and \(b) cannot be broadcast to one shape")
  }
  return shape
}

/// Divides a shape into rows for two arrays that broadcast to it, and finds where each row lies in the arrays.
///
/// Rows are as long as possible. Along a row, the step of an array is 1, or 0 where it is broadcast.
struct BroadcastRows {
  let shape: Shape
  private(set) var length = 1
  private(set) var aStep = 0
  private(set) var bStep = 0
  /// The axes that the rows do not cover, innermost first.
  private var outer: [(extent: Int, aStep: Int, bStep: Int)] = []

  /// `a` and `b` must broadcast to `shape`.
  init(_ shape: Shape, _ a: Shape, _ b: Shape) {
    self.shape = shape
    let (aSteps, bSteps) = (Self.steps(of: a, along: shape), Self.steps(of: b, along: shape))
    for axis in (0..<shape.rank).reversed() where shape[axis] != 1 {
      let (aStep, bStep) = (aSteps[axis], bSteps[axis])
      if length == 1, outer.isEmpty {
        (length, self.aStep, self.bStep) = (shape[axis], aStep, bStep)
      } else if outer.isEmpty, aStep == self.aStep * length, bStep == self.bStep * length {
        length *= shape[axis]
      } else {
        outer.append((shape[axis], aStep, bStep))
      }
    }
  }

  /// Calls `body` with the first element of each row: in an array of the shape, in `a` and in `b`.
  @inline(__always)
  func forEach(_ body: (_ start: Int, _ aStart: Int, _ bStart: Int) -> Void) {
    if length == 0 { return }
    for row in 0..<shape.count / length {
      var (rest, a, b) = (row, 0, 0)
      for axis in outer {
        a += rest % axis.extent * axis.aStep
        b += rest % axis.extent * axis.bStep
        rest /= axis.extent
      }
      body(row * length, a, b)
    }
  }

  private static func steps(of operand: Shape, along shape: Shape) -> [Int] {
    let missing = shape.rank - operand.rank
    let strides = operand.strides
    return (0..<shape.rank).map { $0 < missing || operand[$0 - missing] == 1 ? 0 : strides[$0 - missing] }
  }
}
