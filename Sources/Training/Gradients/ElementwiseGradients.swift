import Foundation
import ModelGraph

/// dx = dy · f'(x): operators that work on each element by itself.
protocol ElementwiseDifferentiable: Differentiable, OperatorDefinition {
  /// f'(x). Where f has a corner, PyTorch's choice.
  func slope(at x: Double) -> Double
}

extension ElementwiseDifferentiable {
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let x = Values(try inputs.required(Self.inputs[0]))
    return [Values(x.shape, zip(x.elements, slope.elements).map { self.slope(at: $0) * $1 })]
  }
}

extension Relu: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { x > 0 ? 1 : 0 }
}

extension LeakyRelu: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { x > 0 ? 1 : Double(alpha) }
}

extension Elu: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { x > 0 ? 1 : Double(alpha) * exp(x) }
}

extension Sigmoid: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double {
    let y = 1 / (1 + exp(-x))
    return y * (1 - y)
  }
}

extension HardSigmoid: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double {
    let y = Double(alpha) * x + Double(beta)
    return y > 0 && y < 1 ? Double(alpha) : 0
  }
}

extension HardSwish: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5 }
}

extension Abs: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { x.direction }
}

extension Neg: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { -1 }
}

extension Exp: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { exp(x) }
}

extension Log: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { 1 / x }
}

extension Sqrt: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { 0.5 / x.squareRoot() }
}

extension Reciprocal: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { -1 / (x * x) }
}

extension Erf: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { 2 / Double.pi.squareRoot() * exp(-x * x) }
}

extension Sin: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { cos(x) }
}

extension Cos: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { -sin(x) }
}

extension Tan: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { 1 + tan(x) * tan(x) }
}

extension Asin: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { 1 / (1 - x * x).squareRoot() }
}

extension Acos: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { -1 / (1 - x * x).squareRoot() }
}

extension Atan: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { 1 / (1 + x * x) }
}

extension Sinh: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { cosh(x) }
}

extension Cosh: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { sinh(x) }
}

extension Tanh: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { 1 - tanh(x) * tanh(x) }
}

extension Asinh: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { 1 / (x * x + 1).squareRoot() }
}

extension Acosh: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { 1 / (x * x - 1).squareRoot() }
}

extension Atanh: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { 1 / (1 - x * x) }
}

extension Softplus: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { x.logistic }
}

extension Softsign: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { 1 / ((1 + x.magnitude) * (1 + x.magnitude)) }
}

extension Selu: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { Double(gamma) * (x > 0 ? 1 : Double(alpha) * exp(x)) }
}

extension Celu: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { x > 0 ? 1 : exp(x / Double(alpha)) }
}

extension ThresholdedRelu: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { x > Double(alpha) ? 1 : 0 }
}

extension Shrink: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { x.magnitude > Double(lambd) || lambd < 0 ? 1 : 0 }
}

extension Mish: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double {
    // tanh of ln(1 + e^x), by the logarithm that does not overflow.
    let t = tanh(max(x, 0) + log1p(exp(-x.magnitude)))
    return t + x * (1 - t * t) * x.logistic
  }
}

extension Swish: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { x.slopeOfSwish(Double(alpha)) }
}

extension QuickGelu: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { x.slopeOfSwish(Double(alpha)) }
}

extension Gelu: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { isApproximate ? x.slopeOfApproximateGelu : x.slopeOfGelu }
}

extension MicrosoftGelu: ElementwiseDifferentiable {
  func slope(at x: Double) -> Double { x.slopeOfGelu }
}

extension Double {
  /// −1, 0 or 1.
  var direction: Double { self > 0 ? 1 : self < 0 ? -1 : 0 }

  fileprivate var logistic: Double { 1 / (1 + exp(-self)) }

  fileprivate func slopeOfSwish(_ alpha: Double) -> Double {
    let y = (alpha * self).logistic
    return y + alpha * self * y * (1 - y)
  }

  /// Φ(x) + x · φ(x).
  fileprivate var slopeOfGelu: Double {
    0.5 * erfc(-self * 0.5.squareRoot()) + self * exp(-0.5 * self * self) / (2 * Double.pi).squareRoot()
  }

  fileprivate var slopeOfApproximateGelu: Double {
    let factor = (2 / Double.pi).squareRoot()
    let t = tanh(factor * (self + 0.044715 * self * self * self))
    return 0.5 * (1 + t) + 0.5 * self * (1 - t * t) * factor * (1 + 3 * 0.044715 * self * self)
  }
}

/// f(x + bias), the bias along the last axis: it gets the sum over all its copies.
protocol BiasedDifferentiable: Differentiable, BiasedFunction {
  /// f'(x).
  func slope(at x: Double) -> Double
}

extension BiasedDifferentiable {
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let x = Values(try inputs.required(Self.inputs[0]))
    let bias = inputs[Self.inputs[1]].map { Values($0) }
    var dx = Values(zeros: x.shape)
    var db = bias.map { Values(zeros: $0.shape) }
    for index in x.elements.indices {
      let place = bias.map { index % $0.elements.count } ?? 0
      dx[index] = slope[index] * self.slope(at: x[index] + (bias?[place] ?? 0))
      db?[place] += dx[index]
    }
    return [dx, db]
  }
}

extension FastGelu: BiasedDifferentiable {
  func slope(at x: Double) -> Double { x.slopeOfApproximateGelu }
}

extension BiasGelu: BiasedDifferentiable {
  func slope(at x: Double) -> Double { x.slopeOfGelu }
}

extension Cast: Differentiable {
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    [try inputs.passed(Input.x, output, slope)]
  }
}

extension CastLike: Differentiable {
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    [try inputs.passed(Input.x, output, slope), nil]
  }
}

extension Inputs where Element == Tensor {
  /// From float to float the slope as it is; no gradient flows through integers.
  fileprivate func passed(_ x: OperatorInput, _ output: Tensor, _ slope: Values) throws(GraphError) -> Values? {
    try required(x).type.isFloat && output.type.isFloat ? slope : nil
  }
}

extension Clip: Differentiable {
  /// 1 within the bounds and on them.
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let x = Values(try inputs.required(Input.x))
    let (min, max) = (inputs[Input.min], inputs[Input.max])
    let (low, high) =
      output.type == .float64
      ? Self.bounds(min: min, max: max, as: Double.self) : widened(Self.bounds(min: min, max: max, as: Float.self))
    let dx = zip(x.elements, slope.elements).map { $0 >= low && $0 <= high ? $1 : 0 }
    return [Values(x.shape, dx), nil, nil]
  }

  private func widened(_ bounds: (low: Float, high: Float)) -> (Double, Double) {
    (Double(bounds.low), Double(bounds.high))
  }
}
