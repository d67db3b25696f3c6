// Element-wise definitions without a copy for each element type: a block of elements is widened to Double, Int64 or
// UInt64 (`Lanes`), the operator's function is applied, and the results are rounded to their type. float32 and float16
// results of + − · / and √ are the same as if computed in that type: the second rounding changes none of them.

import Text

extension Tensor {
  /// Applies the function of the tensor's lane to each element.
  ///
  /// - Parameter type: of the result, nil: the tensor's own. A result of another lane is converted as Cast does, so that
  ///   a comparison may return 1 and 0.
  func mapped(
    to type: ElementType? = nil, real: (Double) -> Double, signed: (Int64) -> Int64, unsigned: (UInt64) -> UInt64
  ) throws(GraphError) -> Tensor {
    let (own, type, lanes) = (self.type, type ?? self.type, Lanes())
    var result = try Tensor(zeros: shape, type: type)
    withBytes { source in
      result.withMutableBytes { target in
        guard let source = source.baseAddress, let target = target.baseAddress else { return }
        for start in stride(from: 0, to: count, by: Lanes.capacity) {
          let length = min(Lanes.capacity, count - start)
          lanes.load(source, own, at: start, count: length)
          switch own.lane {
          case .real: for index in 0..<length { lanes.reals[index] = real(lanes.reals[index]) }
          case .signed: for index in 0..<length { lanes.signed[index] = signed(lanes.signed[index]) }
          case .unsigned: for index in 0..<length { lanes.unsigned[index] = unsigned(lanes.unsigned[index]) }
          }
          lanes.store(own.lane, to: target, type, at: start, count: length)
        }
      }
    }
    return result
  }

  /// Applies `function` to each element of a float tensor.
  func mapped(to type: ElementType? = nil, real function: (Double) -> Double) throws(GraphError) -> Tensor {
    try mapped(to: type, real: function, signed: { $0 }, unsigned: { $0 })
  }

  /// Applies the function of the tensors' lane to every pair of elements, with NumPy's broadcasting. Both tensors must be
  /// of the same lane.
  ///
  /// - Parameter type: of the result, nil: that of this tensor. See ``mapped(to:real:signed:unsigned:)``.
  func combined(
    with other: Tensor, of operatorName: String, to type: ElementType? = nil, real: (Double, Double) -> Double,
    signed: (Int64, Int64) -> Int64, unsigned: (UInt64, UInt64) -> UInt64
  ) throws(GraphError) -> Tensor {
    guard self.type.lane == other.type.lane else {
      throw GraphError(.typeMismatch, "\(operatorName): \(self.type.name) and \(other.type.name) do not go together")
    }
    let rows = BroadcastRows(try broadcast(shape, other.shape, of: operatorName), shape, other.shape)
    let (type, lane, a, b) = (type ?? self.type, self.type.lane, Lanes(), Lanes())
    var result = try Tensor(zeros: rows.shape, type: type)
    withBytes { first in
      other.withBytes { second in
        result.withMutableBytes { target in
          guard let first = first.baseAddress, let second = second.baseAddress, let target = target.baseAddress else {
            return
          }
          rows.forEach { start, aStart, bStart in
            for offset in stride(from: 0, to: rows.length, by: Lanes.capacity) {
              let length = min(Lanes.capacity, rows.length - offset)
              a.load(first, self.type, at: aStart + offset * rows.aStep, step: rows.aStep, count: length)
              b.load(second, other.type, at: bStart + offset * rows.bStep, step: rows.bStep, count: length)
              switch lane {
              case .real: for index in 0..<length { a.reals[index] = real(a.reals[index], b.reals[index]) }
              case .signed: for index in 0..<length { a.signed[index] = signed(a.signed[index], b.signed[index]) }
              case .unsigned:
                for index in 0..<length { a.unsigned[index] = unsigned(a.unsigned[index], b.unsigned[index]) }
              }
              a.store(lane, to: target, type, at: start + offset, count: length)
            }
          }
        }
      }
    }
    return result
  }

  /// Applies `function` to every pair of elements of two float tensors.
  func combined(
    with other: Tensor, of operatorName: String, to type: ElementType? = nil,
    real function: (Double, Double) -> Double
  ) throws(GraphError) -> Tensor {
    try combined(
      with: other, of: operatorName, to: type, real: function, signed: { a, _ in a }, unsigned: { a, _ in a })
  }
}

// What operators call: they differ in the functions alone, and inlined copies would be most of their code.
extension Inputs where Element == Tensor {
  /// The function of the lane applied to each element of an input.
  @inline(never)
  func mapped(
    _ input: OperatorInput, real: (Double) -> Double, signed: (Int64) -> Int64, unsigned: (UInt64) -> UInt64
  ) throws(GraphError) -> [Tensor] {
    [try required(input).mapped(real: real, signed: signed, unsigned: unsigned)]
  }

  /// The function applied to each element of a float input.
  @inline(never)
  func mapped(
    _ input: OperatorInput, to type: ElementType? = nil, real function: (Double) -> Double
  ) throws(GraphError) -> [Tensor] {
    [try required(input).mapped(to: type, real: function)]
  }

  /// The function of the lane applied to every pair of elements of the inputs of a binary operator.
  @inline(never)
  func combined(
    to type: ElementType? = nil, real: (Double, Double) -> Double, signed: (Int64, Int64) -> Int64,
    unsigned: (UInt64, UInt64) -> UInt64
  ) throws(GraphError) -> [Tensor] {
    let (a, b) = (try required(BinaryInput.a), try required(BinaryInput.b))
    return [try a.combined(with: b, of: operatorName, to: type, real: real, signed: signed, unsigned: unsigned)]
  }
}
