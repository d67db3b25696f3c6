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
    multiply(
      MatrixOperand(pass.activation(input())), MatrixOperand(pass.weights(w), transposed: transposesWeights), into: y,
      rows: rows, inner: inner, columns: outer, alpha: alpha, beta: 1)
  }

  override func backward(_ pass: Pass) throws {
    guard let w = parameter(1) else { return }
    let (x, dy) = (pass.activation(input()), pass.gradient(output))
    let rows = output.shape(images: pass.images)[0]
    if modes[0] != .unwanted {
      multiply(
        MatrixOperand(dy), MatrixOperand(pass.weights(w), transposed: !transposesWeights), into: pass.gradient(input()),
        rows: rows, inner: outer, columns: inner, alpha: alpha, beta: modes[0] == .accumulate ? 1 : 0)
    }
    if modes[1] != .unwanted {
      let (dw, keep) = (pass.gradient(w), modes[1] == .accumulate ? Float(1) : 0)
      if transposesWeights {
        multiply(
          MatrixOperand(dy, transposed: true), MatrixOperand(x), into: dw, rows: outer, inner: rows, columns: inner,
          alpha: alpha, beta: keep)
      } else {
        multiply(
          MatrixOperand(x, transposed: true), MatrixOperand(dy), into: dw, rows: inner, inner: rows, columns: outer,
          alpha: alpha, beta: keep)
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
}
