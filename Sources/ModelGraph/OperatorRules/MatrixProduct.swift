import Text

/// y += a · b, where y is `rows` × `columns` in row-major order, and the steps give the layouts of a and b.
///
/// - Parameters:
///   - aSteps: the distance in elements between two rows of a (`rows` × `depth`), and between two columns.
///   - bSteps: the same for b (`depth` × `columns`).
///
/// Integers wrap around.
@inline(__always)
func addProduct<Number: Arithmetic>(
  _ a: UnsafePointer<Number>, _ aSteps: (row: Int, column: Int),
  _ b: UnsafePointer<Number>, _ bSteps: (row: Int, column: Int),
  to y: UnsafeMutablePointer<Number>, rows: Int, depth: Int, columns: Int
) {
  for row in 0..<rows {
    let (a, y) = (a + row * aSteps.row, y + row * columns)
    if bSteps.column == 1 {
      // The rows of b are contiguous.
      for k in 0..<depth {
        addScaled(b + k * bSteps.row, step: 1, by: a[k * aSteps.column], to: y, count: columns)
      }
    } else {
      for column in 0..<columns {
        let b = b + column * bSteps.column
        var sum: Number = 0
        for k in 0..<depth { sum = sum.plus(a[k &* aSteps.column].times(b[k &* bSteps.row])) }
        y[column] = y[column].plus(sum)
      }
    }
  }
}

/// The products of two stacks of matrices, as `numpy.matmul` pairs them: the common part of MatMul and MatMulInteger.
struct MatrixProduct {
  var rows: Int
  var depth: Int
  var columns: Int
  /// `[…, M, N]`, without M if A is a vector and without N if B is one.
  var outputShape: Shape
  private var batches: BroadcastRows

  /// Throws E205 for scalars, E204 where the matrices or their stacks do not fit.
  init(_ a: Shape, _ b: Shape, of operatorName: String) throws(GraphError) {
    guard a.rank >= 1, b.rank >= 1 else {
      throw GraphError(.wrongRank, "\(operatorName): A is \(a) and B is \(b); neither may be a scalar")
    }
    rows = a.rank == 1 ? 1 : a[a.rank - 2]
    depth = a[a.rank - 1]
    columns = b.rank == 1 ? 1 : b[b.rank - 1]
    let bDepth = b[max(b.rank - 2, 0)]
    guard depth == bDepth else {
      throw .mismatch("\(operatorName): A is \(a) and B is \(b): \(depth) columns meet \(bDepth) rows")
    }
    let (aStack, bStack) = (Shape(a.extents.dropLast(2)), Shape(b.extents.dropLast(2)))
    let stack = try broadcast(aStack, bStack, of: operatorName)
    batches = BroadcastRows(stack, aStack, bStack)
    outputShape = Shape(stack.extents + (a.rank == 1 ? [] : [rows]) + (b.rank == 1 ? [] : [columns]))
  }

  /// The plain definition, for tensors of these shapes and this type. Integers wrap around.
  func multiply<Number: Arithmetic>(_ a: Tensor, _ b: Tensor, as: Number.Type) throws(GraphError) -> Tensor {
    var y = try Tensor(zeros: outputShape, type: Number.elementType)
    a.withElements(Number.self) { a in
      b.withElements(Number.self) { b in
        y.withMutableElements(Number.self) { y in
          guard let a = a.baseAddress, let b = b.baseAddress, let y = y.baseAddress else { return }
          batches.forEach { start, aStart, bStart in
            for index in 0..<batches.length {
              addProduct(
                a + (aStart + index * batches.aStep) * rows * depth, (depth, 1),
                b + (bStart + index * batches.bStep) * depth * columns, (columns, 1),
                to: y + (start + index) * rows * columns, rows: rows, depth: depth, columns: columns)
            }
          }
        }
      }
    }
    return y
  }
}
