import ModelGraph

extension Resize: Differentiable {
  /// Each axis is resampled by weights that do not depend on X, so the slope goes back by the same weights, axis by axis.
  func gradients(_ inputs: Inputs<Tensor>, output: Tensor, slope: Values) throws(GraphError) -> [Values?] {
    let shape = try inputs.required(Input.x).shape
    let facts = Inputs<Fact>(Self.name, inputs.items.map { $0.map { Fact($0) } })
    var gradient = slope
    for (axis, plan) in try resampledAxes(facts, of: shape).enumerated() where !plan.isUnchanged {
      gradient = gradient.resampledBack(axis, to: plan.input) { place in reads(place, plan) }
    }
    return [gradient, nil, nil, nil]
  }

  /// The elements of an axis that a place of the output sums up; none for a place outside, which holds a fixed value.
  private func reads(_ place: Int, _ plan: ResampledAxis) -> [(index: Int, weight: Double)] {
    if mode == .nearest { return sampling.nearest(place, plan).map { [($0, 1)] } ?? [] }
    return sampling.taps(place, plan, isCubic: mode == .cubic) ?? []
  }
}

extension Values {
  fileprivate func resampledBack(
    _ axis: Int, to extent: Int, _ reads: (_ place: Int) -> [(index: Int, weight: Double)]
  ) -> Values {
    var wanted = shape
    wanted[axis] = extent
    var result = Values(zeros: wanted)
    let inner = shape.extents[(axis + 1)...].reduce(1, *)
    let outer = shape.extents[..<axis].reduce(1, *)
    for place in 0..<shape[axis] {
      for read in reads(place) {
        for row in 0..<outer {
          let (from, to) = ((row * shape[axis] + place) * inner, (row * extent + read.index) * inner)
          for index in 0..<inner { result[to + index] += read.weight * self[from + index] }
        }
      }
    }
    return result
  }
}
