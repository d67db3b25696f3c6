// Gathering and scattering runs of neighbouring elements, by their bytes: GatherND, ScatterElements and their kind.

import Text

extension Tensor {
  /// A tensor of runs of `length` elements, one from each of `starts`, one behind the other. Every run must lie within
  /// this tensor.
  func runs(at starts: [Int], of length: Int, shape: Shape) throws(GraphError) -> Tensor {
    var result = try Tensor(zeros: shape, type: type)
    guard result.count > 0 else { return result }
    let (width, bytes) = (type.byteCount, length * type.byteCount)
    withBytes { source in
      result.withMutableBytes { target in
        guard let source = source.baseAddress, let target = target.baseAddress else { return }
        for (place, start) in starts.enumerated() {
          (target + place * bytes).copyMemory(from: source + start * width, byteCount: bytes)
        }
      }
    }
    return result
  }

  /// Writes the runs of `updates`, each of `length` elements, over this tensor's from `starts` on, one after the
  /// other, or combines them with what is there. Every run must lie within this tensor, and both have one type.
  mutating func scatter(_ updates: Tensor, at starts: [Int], of length: Int, by reduction: ScatterReduction) {
    guard updates.count > 0 else { return }
    let (type, width, bytes) = (self.type, self.type.byteCount, length * self.type.byteCount)
    let (held, next) = (Lanes(), Lanes())
    updates.withBytes { source in
      withMutableBytes { target in
        guard let source = source.baseAddress, let target = target.baseAddress else { return }
        for (place, start) in starts.enumerated() {
          if reduction == .none {
            (target + start * width).copyMemory(from: source + place * bytes, byteCount: bytes)
            continue
          }
          for offset in stride(from: 0, to: length, by: Lanes.capacity) {
            let count = min(Lanes.capacity, length - offset)
            held.load(target, type, at: start + offset, count: count)
            next.load(source, type, at: place * length + offset, count: count)
            switch type.lane {
            case .real: reduction.combine(held.reals, next.reals, count)
            case .signed: reduction.combine(held.signed, next.signed, count)
            case .unsigned: reduction.combine(held.unsigned, next.unsigned, count)
            }
            held.store(type.lane, to: target, type, at: start + offset, count: count)
          }
        }
      }
    }
  }
}

/// `reduction`: what becomes of an element that an update falls on.
public enum ScatterReduction: String, Sendable {
  case none, add, mul, max, min

  /// Opset 16 has add and mul, 18 max and min too. Before, an update always replaces the element.
  init(_ attributes: AttributeReader) throws(GraphError) {
    self = .none
    guard attributes.opset >= 16 else { return }
    let name = try attributes.string("reduction", default: ScatterReduction.none.rawValue)
    let isNew = name == ScatterReduction.max.rawValue || name == ScatterReduction.min.rawValue
    guard let reduction = ScatterReduction(rawValue: name), !isNew || attributes.opset >= 18 else {
      throw attributes.bad("reduction", "is '\(name)', which opset \(attributes.opset) does not have")
    }
    self = reduction
  }

  var attributes: [Attribute] { self == .none ? [] : [.string("reduction", rawValue)] }

  /// Of two numbers of which one is NaN, the larger and the smaller are NaN. Integers wrap around.
  fileprivate func combine<Number: Arithmetic>(
    _ held: UnsafeMutablePointer<Number>, _ next: UnsafeMutablePointer<Number>, _ count: Int
  ) {
    for index in 0..<count {
      let (old, new) = (held[index], next[index])
      switch self {
      case .none: held[index] = new
      case .add: held[index] = old.plus(new)
      case .mul: held[index] = old.times(new)
      case .max: held[index] = old.orLarger(new)
      case .min: held[index] = new < old || new != new ? new : old
      }
    }
  }
}

extension Shape {
  /// The number of elements of the axes from `axis` on.
  func count(from axis: Int) -> Int { extents[axis...].reduce(1, *) }

  /// An index along an axis of `extent`, where negative values count from the back. Throws E213 outside of it.
  static func place(_ index: Int, in extent: Int, of operatorName: String) throws(GraphError) -> Int {
    guard index >= -extent, index < extent else {
      throw GraphError(.badInput, "\(operatorName): index \(index) is outside an axis of extent \(extent)")
    }
    return index < 0 ? index + extent : index
  }

  /// For each element of `indices`, the place of the element in a tensor of this shape that it names along `axis`; its
  /// indices along the other axes are its own. Throws E213 for an index outside.
  func places(of indices: Tensor, along axis: Int, of operatorName: String) throws(GraphError) -> [Int] {
    var places = indices.ints ?? []
    var index = [Int](repeating: 0, count: rank)
    // The sum of the indices along the other axes, times their strides.
    var base = 0
    let strides = strides
    for place in places.indices {
      let found = try Shape.place(places[place], in: self[axis], of: operatorName)
      places[place] = base + found * strides[axis]
      for other in (0..<rank).reversed() {
        let stride = other == axis ? 0 : strides[other]
        index[other] += 1
        base += stride
        if index[other] < indices.shape[other] { break }
        base -= index[other] * stride
        index[other] = 0
      }
    }
    return places
  }

  /// Throws E205 or E204 unless `indices` has the rank of this shape and, along the axes other than `axis`, at most its
  /// extents.
  func checkElementIndices(_ indices: Shape, axis: Int, of operatorName: String) throws(GraphError) {
    guard rank >= 1, indices.rank == rank else {
      throw GraphError(.wrongRank, "\(operatorName): data \(self) and indices \(indices) must have the same rank")
    }
    for other in 0..<rank where other != axis && indices[other] > self[other] {
      throw .mismatch("\(operatorName): indices \(indices) reach beyond data \(self) along axis \(other)")
    }
  }

  /// For each index tuple along the last axis of `indices`, where its run starts in a tensor of this shape. The first
  /// `batchAxes` axes are common to both. Throws E213 for an index outside.
  func runStarts(of indices: Tensor, batchAxes: Int = 0, of operatorName: String) throws(GraphError) -> [Int] {
    let values = indices.ints ?? []
    let depth = indices.shape[indices.shape.rank - 1]
    guard depth > 0, !values.isEmpty else { return [] }
    let tuples = values.count / depth
    let batches = extents[..<batchAxes].reduce(1, *)
    let (batchStride, perBatch) = (count(from: batchAxes), tuples / batches)
    let strides = strides
    var starts: [Int] = []
    starts.reserveCapacity(tuples)
    for tuple in 0..<tuples {
      var start = tuple / perBatch * batchStride
      for axis in 0..<depth {
        let found = try Shape.place(
          values[tuple * depth + axis], in: self[batchAxes + axis], of: operatorName)
        start += found * strides[batchAxes + axis]
      }
      starts.append(start)
    }
    return starts
  }
}
