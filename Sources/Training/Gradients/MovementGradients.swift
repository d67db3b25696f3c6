import ModelGraph

/// Operators that only move elements, leave some out or repeat them: each gradient goes back to where its element came
/// from. Where that was, the operator's own definition says when it is run on the elements' numbers.
protocol MovementDifferentiable: Differentiable, OperatorDefinition {}

extension MovementDifferentiable {
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    var numbered: [Tensor?] = []
    // For each input that gradients flow to, its shape and the number of its first element.
    var places: [(shape: Shape, first: Int)?] = []
    // From 1, so that what an operator fills in (0) is told apart.
    var next = 1
    for (index, x) in inputs.items.enumerated() {
      guard let x, Self.inputs.content(at: index) != .setting else {
        // A fill value has the data's type; so must its stand-in.
        let isFill = x?.type.isFloat ?? false
        numbered.append(isFill ? try Tensor(scalar: Int64(0)) : x)
        places.append(nil)
        continue
      }
      var numbers = try Tensor(zeros: x.shape, type: .int64)
      numbers.withMutableElements(Int64.self) { for index in $0.indices { $0[index] = Int64(next + index) } }
      numbered.append(numbers)
      places.append((x.shape, next))
      next += x.count
    }
    let origins = try evaluate(Inputs(Self.name, numbered)).first?.ints ?? []
    var sums = [Double](repeating: 0, count: next)
    for index in 0..<min(origins.count, slope.elements.count) { sums[origins[index]] += slope.elements[index] }
    return places.map { place in
      place.map { Values($0.shape, Array(sums[$0.first..<$0.first + $0.shape.count])) }
    }
  }
}

extension Identity: MovementDifferentiable {}
/// Outside training. `DropoutStep` draws the mask in training and has a gradient of its own.
extension Dropout: MovementDifferentiable {}
extension Flatten: MovementDifferentiable {}
extension Reshape: MovementDifferentiable {}
extension Squeeze: MovementDifferentiable {}
extension Unsqueeze: MovementDifferentiable {}
extension Transpose: MovementDifferentiable {}
extension Pad: MovementDifferentiable {}
extension Slice: MovementDifferentiable {}
extension Gather: MovementDifferentiable {}
extension Concat: MovementDifferentiable {}
extension Expand: MovementDifferentiable {}
extension Tile: MovementDifferentiable {}
extension DepthToSpace: MovementDifferentiable {}
extension SpaceToDepth: MovementDifferentiable {}
extension GatherElements: MovementDifferentiable {}
extension GatherND: MovementDifferentiable {}
extension Trilu: MovementDifferentiable {}
extension CenterCropPad: MovementDifferentiable {}
/// Of output 0. Where there are more, training has a Slice for each (`TrainableGraph`).
extension SplitOperator: MovementDifferentiable {}

extension CumSum: Differentiable {
  /// An element counts in all sums from its own on: the same sum from the other end.
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    var reverse = self
    reverse.direction.isReverse.toggle()
    let sums = try reverse.evaluate(Inputs(Self.name, [try slope.tensor(.float64), inputs[Self.inputs[1]]]))
    return [sums.first.map { Values($0) }, nil]
  }
}
