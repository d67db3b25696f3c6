import Platform

/// The number types that element-wise definitions are written in: every element type fits in one of them, so that a
/// definition is compiled three times at most, and not once for each element type.
public enum Lane: UInt8, Sendable {
  /// Double: float16, bfloat16, float32 and float64.
  case real
  /// Int64: int8 to int64.
  case signed
  /// UInt64: uint8 to uint64, and bool as 0 and 1.
  case unsigned
}

extension ElementType {
  public var lane: Lane {
    switch self {
    case .float16, .bfloat16, .float32, .float64: .real
    case .int8, .int16, .int32, .int64: .signed
    case .uint8, .uint16, .uint32, .uint64, .bool: .unsigned
    }
  }
}

/// A block of elements, each widened to the eight bytes of its lane.
///
/// Not inlined anywhere: there is one copy of the conversions.
final class Lanes {
  /// Elements of a block: two blocks lie in the first-level cache.
  static let capacity = 256

  // Not aligned to more: what glibc leaves free beside such a block is lost once a small one follows it.
  private let memory = UnsafeMutableRawPointer.allocate(byteCount: capacity * 8, alignment: 16)

  deinit { memory.deallocate() }

  var reals: UnsafeMutablePointer<Double> { memory.assumingMemoryBound(to: Double.self) }
  var signed: UnsafeMutablePointer<Int64> { memory.assumingMemoryBound(to: Int64.self) }
  var unsigned: UnsafeMutablePointer<UInt64> { memory.assumingMemoryBound(to: UInt64.self) }

  /// The block as the numbers of a lane: Double, Int64 or UInt64.
  func with<Number: BitwiseCopyable>(_: Number.Type, _ body: (UnsafeMutablePointer<Number>) -> Void) {
    body(memory.assumingMemoryBound(to: Number.self))
  }

  /// Reads `count` elements of `type` from the element at `index` on. With a step of 0, all are that element.
  func load(_ elements: UnsafeRawPointer, _ type: ElementType, at index: Int, step: Int = 1, count: Int) {
    widen(elements + index * type.byteCount, type, to: memory, count: step == 0 ? min(count, 1) : count)
    if step == 0, count > 1 { (unsigned + 1).update(repeating: unsigned[0], count: count - 1) }
  }

  /// Writes `count` lanes as elements of `type`, which may be of another lane: see ``convert(from:to:count:)``.
  ///
  /// - Parameter saturates: whether an integer beyond a narrower type of its lane becomes the nearest of that type, instead
  ///   of keeping its low bits.
  func store(
    _ lane: Lane, to elements: UnsafeMutableRawPointer, _ type: ElementType, at index: Int, count: Int,
    saturates: Bool = false
  ) {
    if saturates, lane == type.lane { saturate(to: type, count: count) }
    convert(from: lane, to: type, count: count)
    narrow(memory, to: elements + index * type.byteCount, type, count: count)
  }

  /// Converts numbers to the lane of `type`, as Cast does.
  ///
  /// From float to integer: towards zero, and the nearest integer of the type if there is none (NaN: 0). From integer to
  /// integer: the low bits. To bool: whether it is not 0. To float: rounded to the nearest, once.
  private func convert(from lane: Lane, to type: ElementType, count: Int) {
    switch (lane, type.lane) {
    case (.real, .real): return
    case (.real, _) where type == .bool:
      for index in 0..<count { unsigned[index] = reals[index] == 0 ? 0 : 1 }
    case (.real, .signed):
      for index in 0..<count { signed[index] = Int64(saturating: reals[index]) }
      saturate(to: type, count: count)
    case (.real, .unsigned):
      for index in 0..<count { unsigned[index] = UInt64(saturating: reals[index]) }
      saturate(to: type, count: count)
    case (.signed, .real):
      for index in 0..<count {
        let magnitude = real(signed[index].magnitude, type)
        reals[index] = signed[index] < 0 ? -magnitude : magnitude
      }
    case (.unsigned, .real): for index in 0..<count { reals[index] = real(unsigned[index], type) }
    case (_, _) where type == .bool: for index in 0..<count { unsigned[index] = unsigned[index] == 0 ? 0 : 1 }
    default: return
    }
  }

  /// Clamps the integers of a type's lane to those of the type.
  private func saturate(to type: ElementType, count: Int) {
    switch type.lane {
    case .real: return
    case .signed:
      let shift = 64 - 8 * Int64(type.byteCount)
      let (low, high) = (Int64.min >> shift, Int64.max >> shift)
      for index in 0..<count { signed[index] = min(max(signed[index], low), high) }
    case .unsigned:
      let high = type == .bool ? 1 : UInt64.max >> (64 - 8 * UInt64(type.byteCount))
      for index in 0..<count { unsigned[index] = min(unsigned[index], high) }
    }
  }

  /// An integer as a Double. For a type that is narrower still, bits that a Double cannot hold are kept in the last one
  /// that it can, so that the next rounding is not fooled by this one.
  private func real(_ value: UInt64, _ type: ElementType) -> Double {
    if type == .float64 || value < 1 << 53 { return Double(value) }
    return Double(value & ~0x7FF | (value & 0x7FF == 0 ? 0 : 0x800))
  }

  private func widen(_ source: UnsafeRawPointer, _ type: ElementType, to target: UnsafeMutableRawPointer, count: Int) {
    func each<Source: BitwiseCopyable, Target: BitwiseCopyable>(_ convert: (Source) -> Target) {
      let from = source.assumingMemoryBound(to: Source.self)
      let to = target.assumingMemoryBound(to: Target.self)
      for index in 0..<count { to[index] = convert(from[index]) }
    }
    switch type {
    case .float32: each { Double($0 as Float) }
    case .float16: each { Double(($0 as Half).float) }
    case .bfloat16: each { Double(($0 as BrainFloat).float) }
    case .int8: each { Int64($0 as Int8) }
    case .int16: each { Int64($0 as Int16) }
    case .int32: each { Int64($0 as Int32) }
    case .uint8, .bool: each { UInt64($0 as UInt8) }
    case .uint16: each { UInt64($0 as UInt16) }
    case .uint32: each { UInt64($0 as UInt32) }
    case .float64, .int64, .uint64: target.copyMemory(from: source, byteCount: count * 8)
    }
  }

  private func narrow(_ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, _ type: ElementType, count: Int) {
    func each<Source: BitwiseCopyable, Target: BitwiseCopyable>(_ convert: (Source) -> Target) {
      let from = source.assumingMemoryBound(to: Source.self)
      let to = target.assumingMemoryBound(to: Target.self)
      for index in 0..<count { to[index] = convert(from[index]) }
    }
    switch type {
    case .float32: each { Float($0 as Double) }
    case .float16: each { Half($0 as Double) }
    case .bfloat16: each { BrainFloat($0 as Double) }
    case .int8, .uint8, .bool: each { UInt8(truncatingIfNeeded: $0 as UInt64) }
    case .int16, .uint16: each { UInt16(truncatingIfNeeded: $0 as UInt64) }
    case .int32, .uint32: each { UInt32(truncatingIfNeeded: $0 as UInt64) }
    case .float64, .int64, .uint64: target.copyMemory(from: source, byteCount: count * 8)
    }
  }
}

extension ElementType {
  /// The largest finite number of a float type.
  public var largestFinite: Double {
    switch self {
    case .float16: 65504
    case .bfloat16: 0x1.FEp127
    case .float32: Double(Float.greatestFiniteMagnitude)
    default: .greatestFiniteMagnitude
    }
  }
}

extension Tensor {
  /// The same values in another element type: what Cast does. Throws E212 if memory runs out.
  public func converted(to type: ElementType) throws(GraphError) -> Tensor {
    type == self.type ? self : try converted(to: type, saturates: false)
  }

  /// The same, but that an integer of the same lane which the type does not have becomes the nearest that it has.
  func saturated(to type: ElementType) throws(GraphError) -> Tensor { try converted(to: type, saturates: true) }

  private func converted(to type: ElementType, saturates: Bool) throws(GraphError) -> Tensor {
    var result = try Tensor(zeros: shape, type: type)
    let lanes = Lanes()
    result.withMutableBytes { target in
      withBytes { source in
        guard let source = source.baseAddress, let target = target.baseAddress else { return }
        for start in stride(from: 0, to: count, by: Lanes.capacity) {
          let length = min(Lanes.capacity, count - start)
          lanes.load(source, self.type, at: start, count: length)
          lanes.store(self.type.lane, to: target, type, at: start, count: length, saturates: saturates)
        }
      }
    }
    return result
  }

  /// All elements as Double, whatever the type (bool as 0 and 1; a 64-bit integer rounded).
  public var doubles: [Double] {
    guard let reals = try? converted(to: .float64) else { platform_out_of_memory(count * 8) }
    return reals.array(of: Double.self)
  }

  /// All elements as Int; nil for float types. An uint64 above the largest Int becomes that.
  public var ints: [Int]? {
    switch type.lane {
    case .real: return nil
    case .signed:
      guard let wide = try? converted(to: .int64) else { platform_out_of_memory(count * 8) }
      return wide.array(of: Int64.self).map { Int($0) }
    case .unsigned:
      guard let wide = try? converted(to: .uint64) else { platform_out_of_memory(count * 8) }
      return wide.array(of: UInt64.self).map { Int(clamping: $0) }
    }
  }
}
