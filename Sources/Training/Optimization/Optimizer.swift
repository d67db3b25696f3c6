import Kernels
import TrainingKernels

/// The rule by which a gradient changes a parameter. ``ParameterStore`` holds the moments.
///
/// Weight decay is decoupled (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019): w ← w · (1 − rate ·
/// decay) before the step. As in fastai 2, it applies only to the weights of Conv, Gemm and MatMul, not to biases and batch
/// normalisations.
public final class Optimizer: Sendable {
  public enum Rule: Sendable, Equatable {
    /// Adam. β1 is the momentum given for each step.
    case adamW(beta2: Float, epsilon: Float)
    /// PyTorch's SGD: v ← momentum · v + g, w ← w − rate · v.
    case sgd
  }

  public let rule: Rule
  public let weightDecay: Float

  public init(_ rule: Rule, weightDecay: Float) {
    self.rule = rule
    self.weightDecay = weightDecay
  }

  /// fastai's defaults.
  public static func adamW(beta2: Float = 0.99, epsilon: Float = 1e-5, weightDecay: Float = 0.01) -> Optimizer {
    Optimizer(.adamW(beta2: beta2, epsilon: epsilon), weightDecay: weightDecay)
  }

  public static func sgd(weightDecay: Float = 0) -> Optimizer { Optimizer(.sgd, weightDecay: weightDecay) }

  /// Moments kept for each weight.
  var momentCount: Int {
    switch rule {
    case .adamW: 2
    case .sgd: 1
    }
  }

  /// One step on weights in an array, by the kernels that train networks.
  ///
  /// - Parameters:
  ///   - moments: empty before the first step; kept from step to step.
  ///   - step: 1 for the first.
  public func apply(
    to weights: inout [Float], gradient: [Float], moments: inout [[Float]], step: Int, rate: Float, momentum: Float
  ) {
    precondition(weights.count == gradient.count, "a gradient for each weight")
    let kernels = train_table.inUse.f32
    while moments.count < momentCount { moments.append([Float](repeating: 0, count: weights.count)) }
    let (count, blocks) = (weights.count, moments.map { UnsafeMutableBufferPointer<Float>.copy($0) })
    defer { for block in blocks { block.deallocate() } }
    weights.withUnsafeMutableBufferPointer { weights in
      gradient.withUnsafeBufferPointer { gradient in
        guard let weights = weights.baseAddress, let gradient = gradient.baseAddress else { return }
        update(step: step, rate: rate, momentum: momentum).apply(
          weights: weights, gradient: gradient, moments: blocks.compactMap { $0.baseAddress }, count: count,
          decays: true, kernels: kernels)
      }
    }
    moments = blocks.map { Array($0) }
  }

  /// The rule with the numbers of one step, for all parameters.
  ///
  /// - Parameter step: 1 for the first step with these moments. Adam's bias correction needs it.
  func update(step: Int, rate: Float, momentum: Float) -> ParameterUpdate {
    switch rule {
    case .adamW(let beta2, let epsilon):
      let first = 1 - power(Double(momentum), step)
      let second = 1 - power(Double(beta2), step)
      return ParameterUpdate(
        rule: rule, weightDecay: weightDecay, rate: rate, momentum: momentum, beta2: beta2, epsilon: epsilon,
        scale: Float(Double(rate) / first), secondScale: Float(1 / second.squareRoot()))
    case .sgd:
      return ParameterUpdate(
        rule: rule, weightDecay: weightDecay, rate: rate, momentum: step == 1 ? 0 : momentum, beta2: 0, epsilon: 0,
        scale: rate, secondScale: 1)
    }
  }

  private func power(_ base: Double, _ exponent: Int) -> Double {
    var (result, factor, left) = (1.0, base, exponent)
    while left > 0 {
      if left & 1 == 1 { result *= factor }
      factor *= factor
      left >>= 1
    }
    return result
  }
}

/// An ``Optimizer`` with the numbers of one step.
struct ParameterUpdate: Sendable {
  var rule: Optimizer.Rule
  var weightDecay: Float
  var rate: Float
  var momentum: Float
  var beta2: Float
  var epsilon: Float
  /// rate / (1 − β1^step)
  var scale: Float
  /// 1 / √(1 − β2^step)
  var secondScale: Float

  /// Updates `count` weights. `moments` has a pointer to `count` floats for each moment of the rule.
  func apply(
    weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, moments: [UnsafeMutablePointer<Float>],
    count: Int, decays: Bool, kernels: train_kernels
  ) {
    let keep = decays ? 1 - rate * weightDecay : 1
    switch rule {
    case .adamW:
      kernels.adam(
        weights, gradient, moments[0], moments[1], count, keep, momentum, beta2, scale, secondScale, epsilon)
    case .sgd:
      kernels.momentum(weights, gradient, moments[0], count, keep, momentum, scale)
    }
  }
}

extension UnsafeMutableBufferPointer where Element == Float {
  fileprivate static func copy(_ numbers: [Float]) -> Self {
    let buffer = allocate(capacity: numbers.count)
    _ = buffer.initialize(from: numbers)
    return buffer
  }
}
