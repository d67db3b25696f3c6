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
