import ModelGraph

extension Gemm: Differentiable {
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let (a, b) = (Values(try inputs.required(Input.a)), Values(try inputs.required(Input.b)))
    let (rows, columns) = (slope.shape[0], slope.shape[1])
    let inner = transA ? a.shape[0] : a.shape[1]
    var (da, db) = (Values(zeros: a.shape), Values(zeros: b.shape))
    for i in 0..<rows {
      for j in 0..<columns {
        let dy = Double(alpha) * slope[i * columns + j]
        for k in 0..<inner {
          let fromA = transA ? k * rows + i : i * inner + k
          let fromB = transB ? j * inner + k : k * columns + j
          da[fromA] += dy * b[fromB]
          db[fromB] += dy * a[fromA]
        }
      }
    }
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
    for (index, (matrixA, matrixB)) in zip(outerA.spread(over: outer), outerB.spread(over: outer)).enumerated() {
      for i in 0..<rows {
        for j in 0..<columns {
          let dy = slope[(index * rows + i) * columns + j]
          for k in 0..<inner {
            let (fromA, fromB) = ((matrixA * rows + i) * inner + k, (matrixB * inner + k) * columns + j)
            da[fromA] += dy * b[fromB]
            db[fromB] += dy * a[fromA]
          }
        }
      }
    }
    return [da, db]
  }
}
