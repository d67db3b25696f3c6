import ModelGraph
import ONNXSchema
import Platform
import Text

/// TensorProto → ``Tensor``. Takes over the message's memory for the data where its layout allows.
struct TensorReader {
  let limits: Limits
  /// nil if external data are not allowed (test data).
  let external: ExternalData?
  /// Whether large data stay in the file until they are first accessed.
  var defersBlobs = false

  /// Shorter tensors are read at once: scales, biases and shapes, which planning needs.
  private static let shortestDeferred = 16384

  /// raw_data that is still in the model file.
  typealias Blob = (source: ModelSource, place: ModelSource.Blob)

  /// Throws E111 for unsupported element types, E112 if data and shape disagree, E113…E115 for external data. `place`,
  /// such as `initialiser 'conv1.weight'`, is for messages.
  func tensor(
    _ proto: UnsafeMutablePointer<Onnx__TensorProto>, _ place: String, _ blob: Blob? = nil
  ) throws(GraphError) -> Tensor {
    do {
      return try tensor(proto, blob)
    } catch {
      throw error.at(place)
    }
  }

  private func tensor(
    _ proto: UnsafeMutablePointer<Onnx__TensorProto>, _ blob: Blob?
  ) throws(GraphError) -> Tensor {
    let shape = try shape(proto)
    guard proto.pointee.n_segment == 0 else { throw GraphError(.unsupportedType, "is a segment of a tensor") }
    let number = proto.pointee.data_type
    guard let type = TensorDataType.elementType(number) else {
      throw GraphError(.unsupportedType, "has element type \(TensorDataType.name(number)), which is not supported")
    }
    switch try data(proto, blob, shape.count * type.byteCount, canWait: type != .bool) {
    case .elements(let storage):
      if type == .bool { normaliseBools(storage) }
      return try Tensor(type: type, shape: shape, storage: storage)
    case .wider(let field, let storage):
      return try narrowed(storage, field, shape, type)
    }
  }

  private func shape(_ proto: UnsafeMutablePointer<Onnx__TensorProto>) throws(GraphError) -> Shape {
    let rank = proto.pointee.n_dims
    guard rank <= limits.rank else { throw GraphError(.overLimit, "has \(rank) axes; the limit is \(limits.rank)") }
    let extents = UnsafeBufferPointer(start: proto.pointee.dims, count: rank).map { Int($0) }
    return try Shape(extents).checked()
  }

  private enum Source {
    /// Elements of the tensor's type.
    case elements(Storage)
    /// int32_data or uint64_data, each number of which is an element of a narrower type.
    case wider(ElementType, Storage)
  }

  private func data(
    _ proto: UnsafeMutablePointer<Onnx__TensorProto>, _ blob: Blob?, _ byteCount: Int, canWait: Bool
  ) throws(GraphError) -> Source {
    if proto.pointee.data_location == 1 {
      guard let external else {
        throw GraphError(.externalPath, "has external data, which a test tensor must not have")
      }
      return .elements(try external.storage(try ExternalPlace(proto, limits), byteCount))
    }
    // A typed field takes precedence over an empty raw_data.
    let typed = try typedData(proto)
    if let blob {
      guard typed == nil, proto.pointee.raw_data.len == 0 else {
        throw GraphError(.wrongDataSize, "has its data twice")
      }
      // Checked before memory is allocated.
      guard blob.place.length == byteCount else {
        throw GraphError(
          .wrongDataSize, "\(blob.place.length) bytes of data where its type and shape need \(byteCount)")
      }
      if defersBlobs, canWait, byteCount >= Self.shortestDeferred {
        return .elements(blob.source.deferredStorage(blob.place))
      }
      return .elements(try blob.source.storage(blob.place))
    }
    if proto.pointee.raw_data.len > 0 {
      guard typed == nil else { throw GraphError(.wrongDataSize, "has its data twice") }
      return .elements(try take(&proto.pointee.raw_data.data, proto.pointee.raw_data.len))
    }
    if let typed { return typed }
    guard byteCount == 0 else {
      throw GraphError(.wrongDataSize, "has no data where its shape needs \(byteCount) bytes")
    }
    guard let nothing = Storage(byteCount: 0) else { throw GraphError(.tooLarge, "no memory left") }
    return .elements(nothing)
  }

  /// The typed field that ONNX uses for the element type; throws E112 if another one is filled.
  private func typedData(_ proto: UnsafeMutablePointer<Onnx__TensorProto>) throws(GraphError) -> Source? {
    let counts = [
      proto.pointee.n_float_data, proto.pointee.n_int32_data, proto.pointee.n_int64_data, proto.pointee.n_double_data,
      proto.pointee.n_uint64_data, proto.pointee.n_string_data,
    ]
    let filled = counts.indices.filter { counts[$0] > 0 }
    guard let field = filled.first else { return nil }
    let number = proto.pointee.data_type
    let wanted =
      switch TensorDataType.elementType(number) {
      case .float32: 0
      case .float64: 3
      case .int64: 2
      case .uint32, .uint64: 4
      case nil: -1
      default: 1
      }
    guard filled.count == 1, field == wanted else {
      throw GraphError(.wrongDataSize, "has its \(TensorDataType.name(number)) data in the field of another type")
    }
    switch field {
    case 0: return .elements(try take(&proto.pointee.float_data, counts[0] * 4))
    case 1:
      let storage = try take(&proto.pointee.int32_data, counts[1] * 4)
      return number == 6 ? .elements(storage) : .wider(.int32, storage)
    case 2: return .elements(try take(&proto.pointee.int64_data, counts[2] * 8))
    case 3: return .elements(try take(&proto.pointee.double_data, counts[3] * 8))
    default: return .wider(.uint64, try take(&proto.pointee.uint64_data, counts[4] * 8))
    }
  }

  /// Takes a block out of the message. It is at least 16-byte aligned, and 64-byte aligned from one page on
  /// (ONNXSchema's allocator).
  private func take<Element>(
    _ field: inout UnsafeMutablePointer<Element>?, _ byteCount: Int
  ) throws(GraphError) -> Storage {
    guard let block = field else { throw GraphError(.damaged, "has no data") }
    field = nil
    return Storage(adopting: UnsafeMutableRawPointer(block), byteCount: byteCount) { platform_free($0) }
  }

  /// A Bool in memory must be 0 or 1; a file may contain other bytes.
  private func normaliseBools(_ storage: Storage) {
    let bytes = storage.base.assumingMemoryBound(to: UInt8.self)
    for index in 0..<storage.byteCount where bytes[index] > 1 { bytes[index] = 1 }
  }

  private func narrowed(
    _ storage: Storage, _ field: ElementType, _ shape: Shape, _ type: ElementType
  ) throws(GraphError) -> Tensor {
    let count = storage.byteCount / field.byteCount
    guard count == shape.count else {
      throw GraphError(.wrongDataSize, "\(count) elements of data where shape \(shape) needs \(shape.count)")
    }
    let wide = try Tensor(type: field, shape: shape, storage: storage)
    guard type.isHalf else { return try wide.converted(to: type) }
    // The bits of a float16 are in the low half of its int32.
    let halves = try wide.converted(to: .uint16)
    var result = try Tensor(zeros: shape, type: type)
    result.withMutableBytes { target in halves.withBytes { target.copyMemory(from: $0) } }
    return result
  }
}
