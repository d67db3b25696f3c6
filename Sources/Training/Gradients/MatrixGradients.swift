import ModelGraph

extension Gemm: Differentiable {
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let (a, b) = (Values(try inputs.required(Input.a)), Values(try inputs.required(Input.b)))
    let (rows, columns) = (slope.shape[0], slope.shape[1])
    let inner = transA ? a.shape[0] : a.shape[1]
    let dy = slope.elements.map { Double(alpha) * $0 }[...]
    var (da, db) = (Values(zeros: a.shape), Values(zeros: b.shape))
    let transposedB = transB ? b.elements[...] : b.elements[...].transposed(inner, columns)
    let transposedA = transA ? a.elements[...] : a.elements[...].transposed(rows, inner)
    da.elements.addProduct(dy, transposedB, at: 0, rows, columns, inner)
    db.elements.addProduct(transposedA, dy, at: 0, inner, rows, columns)
    if transA { da.elements = Array(da.elements[...].transposed(rows, inner)) }
    if transB { db.elements = Array(db.elements[...].transposed(inner, columns)) }
    guard let c = inputs[Input.c] else { return [da, db] }
    var dc = Values(zeros: c.shape)
    for (index, from) in c.shape.spread(over: slope.shape).enumerated() { dc[from] += Double(beta) * slope[index] }
    return [da, db, dc]
  }
}

extension MatMul: Differentiable {
  /// NumPy's matmul: vectors count as matrices with a 1, the axes before the last two are broadcast.
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let (a, b) = (Values(try inputs.required(Input.a)), Values(try inputs.required(Input.b)))
    let left = a.shape.rank == 1 ? Shape([1] + a.shape.extents) : a.shape
    let right = b.shape.rank == 1 ? Shape(b.shape.extents + [1]) : b.shape
    let (rows, inner) = (left[left.rank - 2], left[left.rank - 1])
    let columns = right[right.rank - 1]
    let (outerA, outerB) = (Shape(Array(left.extents.dropLast(2))), Shape(Array(right.extents.dropLast(2))))
    guard let outer = Shape.broadcast(outerA, outerB) else {
      throw GraphError(.shapeMismatch, "MatMul: \(a.shape) times \(b.shape)")
    }
    var (da, db) = (Values(zeros: a.shape), Values(zeros: b.shape))
    func matrix(_ values: Values, _ index: Int, _ count: Int) -> ArraySlice<Double> {
      values.elements[index * count..<(index + 1) * count]
    }
    for (index, (indexA, indexB)) in zip(outerA.spread(over: outer), outerB.spread(over: outer)).enumerated() {
      let (x, w) = (matrix(a, indexA, rows * inner), matrix(b, indexB, inner * columns))
      let dy = matrix(slope, index, rows * columns)
      da.elements.addProduct(dy, w.transposed(inner, columns), at: indexA * rows * inner, rows, columns, inner)
      db.elements.addProduct(x.transposed(rows, inner), dy, at: indexB * inner * columns, inner, rows, columns)
    }
    return [da, db]
  }
}

extension ArraySlice<Double> {
  /// A matrix `[rows, columns]` as `[columns, rows]`.
  fileprivate func transposed(_ rows: Int, _ columns: Int) -> ArraySlice<Double> {
    var result: [Double] = []
    result.reserveCapacity(count)
    for column in 0..<columns {
      for row in 0..<rows { result.append(self[startIndex + row * columns + column]) }
    }
    return result[...]
  }
}

extension [Double] {
  /// Adds a · b to the matrix at `start`; a is `[rows, inner]`, b `[inner, columns]`. The innermost loop runs over neighbours
  /// and is free of sums, so that the compiler makes vectors of it: a vision transformer's step spends its time here.
  fileprivate mutating func addProduct(
    _ a: ArraySlice<Double>, _ b: ArraySlice<Double>, at start: Int, _ rows: Int, _ inner: Int, _ columns: Int
  ) {
    withUnsafeMutableBufferPointer { sums in
      a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
          guard let sums = sums.baseAddress, let a = a.baseAddress, let b = b.baseAddress else { return }
          for i in 0..<rows {
            let target = sums + start + i * columns
            for k in 0..<inner {
              let (factor, row) = (a[i * inner + k], b + k * columns)
              for j in 0..<columns { target[j] += factor * row[j] }
            }
          }
        }
      }
    }
  }
}
