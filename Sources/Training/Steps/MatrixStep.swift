import BLAS
import Kernels
import ModelGraph

/// Gemm and MatMul of an activation `[rows, K]` by weights: Y = alpha · X · W + beta · C. Operands: X, W, C (optional).
final class MatrixStep: Step {
  private let transposesWeights: Bool
  private let alpha: Float
  private let beta: Float
  private let inner: Int
  private let outer: Int

  /// - Parameter transposesWeights: whether W is `[M, K]` instead of `[K, M]`.
  init(
    place: String, kind: String, operands: [Operand?], output: Slot, transposesWeights: Bool, alpha: Float, beta: Float
  ) {
    self.transposesWeights = transposesWeights
    self.alpha = alpha
    self.beta = beta
    inner = operands[0]?.slot?.shape[1] ?? 0
    outer = output.shape[1]
    super.init(place: place, kind: kind, operands: operands, output: output)
  }

  override var readsBackward: [Slot] { modes[1] == .unwanted ? [] : [input()] }

  override func forward(_ pass: Pass) throws {
    guard let w = parameter(1) else { return }
    let rows = output.shape(images: pass.images)[0]
    let y = pass.activation(output)
    // With beta 0, C is not read: it may hold NaN.
    let bias = beta == 0 ? nil : parameter(2).map { pass.weights($0) }
    for row in 0..<rows {
      for column in 0..<outer { y[row * outer + column] = bias.map { beta * $0[column] } ?? 0 }
    }
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, transposesWeights ? CblasTrans : CblasNoTrans, blas(rows), blas(outer),
      blas(inner), alpha, pass.activation(input()), blas(inner), pass.weights(w),
      blas(transposesWeights ? inner : outer), 1, y, blas(outer))
  }

  override func backward(_ pass: Pass) throws {
    guard let w = parameter(1) else { return }
    let (x, dy) = (pass.activation(input()), pass.gradient(output))
    let rows = output.shape(images: pass.images)[0]
    if modes[0] != .unwanted {
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, transposesWeights ? CblasNoTrans : CblasTrans, blas(rows), blas(inner),
        blas(outer), alpha, dy, blas(outer), pass.weights(w), blas(transposesWeights ? inner : outer),
        modes[0] == .accumulate ? 1 : 0, pass.gradient(input()), blas(inner))
    }
    if modes[1] != .unwanted {
      let keep: Float = modes[1] == .accumulate ? 1 : 0
      let dw = pass.gradient(w)
      if transposesWeights {
        cblas_sgemm(
          CblasRowMajor, CblasTrans, CblasNoTrans, blas(outer), blas(inner), blas(rows), alpha, dy, blas(outer),
          x, blas(inner), keep, dw, blas(inner))
      } else {
        cblas_sgemm(
          CblasRowMajor, CblasTrans, CblasNoTrans, blas(inner), blas(outer), blas(rows), alpha, x, blas(inner),
          dy, blas(outer), keep, dw, blas(outer))
      }
    }
    if let bias = parameter(2), modes[2] != .unwanted {
      let sums = pass.gradient(bias)
      for column in 0..<outer {
        var sum = Double(0)
        for row in 0..<rows { sum += Double(dy[row * outer + column]) }
        sums[column] = (modes[2] == .accumulate ? sums[column] : 0) + beta * Float(sum)
      }
    }
  }

  /// OpenBLAS's 32-bit `blasint`.
  private func blas(_ value: Int) -> Int32 { Int32(value) }
}
