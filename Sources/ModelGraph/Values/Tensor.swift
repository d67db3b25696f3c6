import Platform
import Text

/// Values of one element type in row-major order. A value type: copies share memory until one of them is written to.
public struct Tensor: Sendable {
  public let type: ElementType
  public private(set) var shape: Shape
  private var storage: Storage

  /// A tensor over existing memory. Throws E112 unless `storage` holds exactly the bytes of the shape.
  public init(type: ElementType, shape: Shape, storage: Storage) throws(GraphError) {
    let count = try shape.checked().count
    guard storage.byteCount == count * type.byteCount else {
      throw GraphError(
        .wrongDataSize,
        "\(storage.byteCount) bytes of data where \(type.name) \(shape) needs \(count * type.byteCount)")
    }
    self.type = type
    self.shape = shape
    self.storage = storage
  }

  /// Zeros (false for bool). Throws E212 if the shape is beyond the limit or memory runs out.
  public init(zeros shape: Shape, type: ElementType = .float32) throws(GraphError) {
    let bytes = try shape.checked().count * type.byteCount
    guard let storage = Storage(byteCount: bytes) else {
      throw GraphError(.tooLarge, "no memory for \(bytes) bytes (\(type.name) \(shape))")
    }
    self.type = type
    self.shape = shape
    self.storage = storage
  }

  /// `values` in row-major order. Throws E112 if their number is not that of the shape.
  public init<Element: TensorElement>(_ shape: Shape, _ values: [Element]) throws(GraphError) {
    try self.init(zeros: shape, type: Element.elementType)
    guard values.count == shape.count else {
      throw GraphError(.wrongDataSize, "\(values.count) values for shape \(shape)")
    }
    let target = storage.base.assumingMemoryBound(to: Element.self)
    for (index, value) in values.enumerated() { target[index] = value }
  }

  /// A tensor of rank 0.
  public init<Element: TensorElement>(scalar value: Element) throws(GraphError) { try self.init([], [value]) }

  public var count: Int { shape.count }
  /// Whether the elements are still in a file and not in memory.
  public var isDeferred: Bool { storage.isDeferred }
  public var byteCount: Int { storage.byteCount }

  /// The same values under another shape of the same count, without a copy. Throws E204 for another count.
  public func reshaped(_ newShape: Shape) throws(GraphError) -> Tensor {
    guard try newShape.checked().count == count else {
      throw GraphError(.shapeMismatch, "\(shape) cannot be reshaped to \(newShape)")
    }
    var result = self
    result.shape = newShape
    return result
  }

  // MARK: Elements

  /// Reads the elements in place. The tensor must be of this element type: callers switch on ``type`` first.
  @inline(__always)
  public func withElements<Element: TensorElement, Result, Failure: Error>(
    _: Element.Type = Element.self, _ body: (UnsafeBufferPointer<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(Element.elementType == type, "element type")
    let pointer = storage.base.assumingMemoryBound(to: Element.self)
    return try body(UnsafeBufferPointer(start: pointer, count: shape.count))
  }

  /// Writes the elements in place; copies first if another tensor shares the memory.
  @inline(__always)
  public mutating func withMutableElements<Element: TensorElement, Result, Failure: Error>(
    _: Element.Type = Element.self, _ body: (UnsafeMutableBufferPointer<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(Element.elementType == type, "element type")
    makeUnique()
    let pointer = storage.base.assumingMemoryBound(to: Element.self)
    return try body(UnsafeMutableBufferPointer(start: pointer, count: shape.count))
  }

  /// The bytes in place, whatever the element type.
  @inline(__always)
  public func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount))
  }

  /// The bytes in place for writing, whatever the element type; copies first if shared.
  @inline(__always)
  public mutating func withMutableBytes<Result, Failure: Error>(
    _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    makeUnique()
    return try body(UnsafeMutableRawBufferPointer(start: storage.base, count: storage.byteCount))
  }

  /// Copies the bytes to `target`; those of a deferred tensor are not kept.
  public func copyBytes(to target: UnsafeMutableRawPointer) { storage.copyBytes(to: target) }

  /// A copy of the elements as an array. The tensor must be of this element type.
  public func array<Element: TensorElement>(of _: Element.Type = Element.self) -> [Element] {
    withElements(Element.self) { Array($0) }
  }

  private mutating func makeUnique() {
    if isKnownUniquelyReferenced(&storage) { return }
    guard let copy = platform_allocate_tensor(storage.byteCount) else { platform_out_of_memory(storage.byteCount) }
    storage.copyBytes(to: copy)
    storage = Storage(adopting: copy, byteCount: storage.byteCount) { platform_free($0) }
  }
}
