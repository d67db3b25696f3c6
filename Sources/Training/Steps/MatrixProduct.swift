import BLAS

/// A matrix in row-major order, or the transpose of one.
struct MatrixOperand {
  let elements: UnsafePointer<Float>
  let isTransposed: Bool

  init(_ elements: UnsafePointer<Float>, transposed: Bool = false) {
    self.elements = elements
    isTransposed = transposed
  }
}

/// `y = alpha · a · b + beta · y` by OpenBLAS, where y is `[rows, columns]`, a is `[rows, inner]` and b is `[inner, columns]`. An
/// operand that is transposed lies in memory as `[inner, rows]` or `[columns, inner]`.
func multiply(
  _ a: MatrixOperand, _ b: MatrixOperand, into y: UnsafeMutablePointer<Float>, rows: Int, inner: Int, columns: Int,
  alpha: Float = 1, beta: Float = 0
) {
  func transpose(_ operand: MatrixOperand) -> CBLAS_TRANSPOSE { operand.isTransposed ? CblasTrans : CblasNoTrans }
  cblas_sgemm(
    CblasRowMajor, transpose(a), transpose(b), Int32(rows), Int32(columns), Int32(inner), alpha,
    a.elements, Int32(a.isTransposed ? rows : inner), b.elements, Int32(b.isTransposed ? inner : columns), beta,
    y, Int32(columns))
}
