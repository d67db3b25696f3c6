import ModelGraph

/// MatMul of what ``MatrixStep`` does not take: stacks of matrices, two activations, activations of another rank than 2. As in
/// ``PlainStep`` on tensors in ONNX's order, but the products by OpenBLAS: a vision transformer's step spends its time here.
final class MatMulStep: PlainStep {
  override func evaluate(_ inputs: [Tensor?]) throws(GraphError) -> [Tensor] {
    guard let a = inputs[0], let b = inputs[1], let stack = MatrixStack(a.shape, b.shape) else {
      return try super.evaluate(inputs)
    }
    var y = try Tensor(zeros: stack.shape)
    let (rows, inner, columns) = (stack.rows, stack.inner, stack.columns)
    y.withMutableElements(Float.self) { y in
      a.withElements(Float.self) { a in
        b.withElements(Float.self) { b in
          guard let y = y.baseAddress, let a = a.baseAddress, let b = b.baseAddress else { return }
          for (index, pair) in stack.pairs.enumerated() {
            multiply(
              MatrixOperand(a + pair.a * rows * inner), MatrixOperand(b + pair.b * inner * columns),
              into: y + index * rows * columns, rows: rows, inner: inner, columns: columns)
          }
        }
      }
    }
    return [y]
  }

  override func gradients(_ inputs: [Tensor?], output: Tensor, slope: Tensor) throws(GraphError) -> [Tensor?] {
    guard let a = inputs[0], let b = inputs[1], let stack = MatrixStack(a.shape, b.shape) else {
      return try super.gradients(inputs, output: output, slope: slope)
    }
    let (rows, inner, columns) = (stack.rows, stack.inner, stack.columns)
    var (da, db): (Tensor?, Tensor?)
    if modes[0] != .unwanted {
      da = try adding(slope, b, a.shape) { (dy, b, da, index, pair) in
        multiply(
          MatrixOperand(dy + index * rows * columns), MatrixOperand(b + pair.b * inner * columns, transposed: true),
          into: da + pair.a * rows * inner, rows: rows, inner: columns, columns: inner, beta: 1)
      }
    }
    if modes[1] != .unwanted {
      db = try adding(slope, a, b.shape) { (dy, a, db, index, pair) in
        multiply(
          MatrixOperand(a + pair.a * rows * inner, transposed: true), MatrixOperand(dy + index * rows * columns),
          into: db + pair.b * inner * columns, rows: inner, inner: rows, columns: columns, beta: 1)
      }
    }
    return [da, db]

    /// A tensor of zeros, to which `add` adds the product of each pair.
    func adding(
      _ slope: Tensor, _ factor: Tensor, _ shape: Shape,
      _ add: (UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int, (a: Int, b: Int)) -> Void
    ) throws(GraphError) -> Tensor {
      var sums = try Tensor(zeros: shape)
      sums.withMutableElements(Float.self) { sums in
        slope.withElements(Float.self) { slope in
          factor.withElements(Float.self) { factor in
            guard let sums = sums.baseAddress, let slope = slope.baseAddress, let factor = factor.baseAddress else {
              return
            }
            for (index, pair) in stack.pairs.enumerated() { add(slope, factor, sums, index, pair) }
          }
        }
      }
      return sums
    }
  }
}

/// How `numpy.matmul` pairs two stacks of matrices.
private struct MatrixStack {
  let rows: Int
  let inner: Int
  let columns: Int
  /// Of the product.
  let shape: Shape
  /// The matrices of a and b that make each of the product's.
  let pairs: [(a: Int, b: Int)]

  /// nil for vectors, and for what does not fit.
  init?(_ a: Shape, _ b: Shape) {
    guard a.rank >= 2, b.rank >= 2, a[a.rank - 1] == b[b.rank - 2], a.count > 0, b.count > 0 else { return nil }
    inner = a[a.rank - 1]
    columns = b[b.rank - 1]
    if b.rank == 2 {
      // The same matrix for all rows of the stack.
      rows = a.count / inner
      shape = Shape(a.extents.dropLast() + [columns])
      pairs = [(0, 0)]
    } else {
      rows = a[a.rank - 2]
      let (outerA, outerB) = (Shape(a.extents.dropLast(2)), Shape(b.extents.dropLast(2)))
      guard let outer = Shape.broadcast(outerA, outerB) else { return nil }
      shape = Shape(outer.extents + [rows, columns])
      pairs = zip(outerA.spread(over: outer), outerB.spread(over: outer)).map { ($0, $1) }
    }
  }
}
