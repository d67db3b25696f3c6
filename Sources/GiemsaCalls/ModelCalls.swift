import Giemsa
import GiemsaC
import Text

/// What a `giemsa_model` points to. Nothing in it changes, so any thread may read it.
final class ModelHandle: Sendable {
  let model: Model
  let inputs: [PortText]
  let outputs: [PortText]
  let metadata: [(key: CText, value: CText)]

  init(_ model: Model) {
    self.model = model
    inputs = model.inputs.map { PortText($0) }
    outputs = model.outputs.map { PortText($0) }
    metadata = model.metadata.map { (CText($0.key), CText($0.value)) }
  }

  func metadata(_ key: UnsafePointer<CChar>) -> UnsafePointer<CChar>? {
    metadata.first { $0.key.isSame(key) }?.value.pointer
  }
}

extension CText: @unchecked Sendable {}

/// An input or output as C sees it.
final class PortText: @unchecked Sendable {
  let name: CText
  private let type: ElementType
  private let rank: Int
  private let extents: UnsafeMutablePointer<Int64>
  private let byteCount: Int

  convenience init(_ port: Model.Port) {
    self.init(
      CText(port.name), port.type, port.dimensions.map { if case .fixed(let extent) = $0 { extent } else { -1 } })
  }

  /// An output whose shape only a run finds: every extent is open.
  convenience init(_ name: CText, late port: Model.Port) {
    self.init(name, port.type, port.dimensions.map { _ in -1 }, isOpen: true)
  }

  /// - Parameter extents: -1 for an open one.
  init(_ name: CText, _ type: ElementType, _ extents: [Int], isOpen: Bool = false) {
    self.name = name
    self.type = type
    rank = extents.count
    self.extents = .allocate(capacity: max(1, rank))
    var bytes = isOpen ? 0 : type.byteCount
    for (axis, extent) in extents.enumerated() {
      self.extents[axis] = Int64(extent)
      // A declared shape has at most 2³¹ elements.
      bytes = bytes.multipliedReportingOverflow(by: max(extent, 0)).partialValue
    }
    byteCount = bytes
  }

  deinit { extents.deallocate() }

  func write(to tensor: UnsafeMutablePointer<giemsa_tensor>?) throws(Failure) {
    let tensor = try given(tensor, "tensor")
    guard tensor.pointee.size >= MemoryLayout<giemsa_tensor>.size else {
      throw .argument("tensor->size is \(tensor.pointee.size); set it to sizeof(giemsa_tensor)")
    }
    tensor.pointee.name = name.pointer
    tensor.pointee.type = giemsa_type(type.rawValue)
    tensor.pointee.rank = rank
    tensor.pointee.extents = UnsafePointer(extents)
    tensor.pointee.byte_count = byteCount
  }
}

extension OpaquePointer {
  /// The object behind a handle.
  func object<Handle: AnyObject>(_: Handle.Type) -> Handle {
    Unmanaged<Handle>.fromOpaque(UnsafeRawPointer(self)).takeUnretainedValue()
  }

  /// A handle that C owns until ``release(_:)``.
  init<Handle: AnyObject>(keeping object: Handle) {
    self = OpaquePointer(Unmanaged.passRetained(object).toOpaque())
  }

  func release<Handle: AnyObject>(_: Handle.Type) {
    Unmanaged<Handle>.fromOpaque(UnsafeRawPointer(self)).release()
  }
}

// MARK: Opening

@c @implementation
public func giemsa_open(
  _ path: UnsafePointer<CChar>?, _ options: UnsafePointer<giemsa_options>?,
  _ model: UnsafeMutablePointer<OpaquePointer?>?
) -> giemsa_status {
  call { () throws(Failure) in
    let (path, place) = (try given(path, "path"), try given(model, "model"))
    let options = try modelOptions(options)
    let model: Model
    do throws(GraphError) { model = try Model(contentsOf: PathText.text(path), options: options) } catch {
      throw Failure(error)
    }
    place.pointee = OpaquePointer(keeping: ModelHandle(model))
  }
}

@c @implementation
public func giemsa_open_memory(
  _ bytes: UnsafeRawPointer?, _ count: Int, _ options: UnsafePointer<giemsa_options>?,
  _ model: UnsafeMutablePointer<OpaquePointer?>?
) -> giemsa_status {
  call { () throws(Failure) in
    let (bytes, place) = (try given(bytes, "bytes"), try given(model, "model"))
    guard count >= 0 else { throw .argument("count is larger than any memory") }
    let options = try modelOptions(options)
    let model: Model
    do throws(GraphError) {
      model = try Model(UnsafeRawBufferPointer(start: bytes, count: count), options: options)
    } catch {
      throw Failure(error)
    }
    place.pointee = OpaquePointer(keeping: ModelHandle(model))
  }
}

@c @implementation
public func giemsa_close(_ model: OpaquePointer?) { model?.release(ModelHandle.self) }

private func modelOptions(_ given: UnsafePointer<giemsa_options>?) throws(Failure) -> Model.Options {
  var options = Model.Options()
  guard let given else { return options }
  // Programs that were compiled before `trusted_key` and `precision` were added pass a shorter struct.
  let first = MemoryLayout<giemsa_options>.size - 2 * MemoryLayout<UnsafePointer<CChar>>.size
  try checkSize(given.pointee.size, first, MemoryLayout<giemsa_options>.size, given, "options")
  var known = giemsa_options()
  withUnsafeMutableBytes(of: &known) {
    $0.copyMemory(from: UnsafeRawBufferPointer(start: given, count: min(given.pointee.size, $0.count)))
  }
  guard (1...1024).contains(known.threads) else {
    throw .argument("options->threads is \(known.threads); 1 to 1024 are possible")
  }
  guard (1...4096).contains(known.batch) else {
    throw .argument("options->batch is \(known.batch); 1 to 4096 are possible")
  }
  options.threads = Int(known.threads)
  options.batch = Int(known.batch)
  options.exact = known.exact != 0
  switch Int(known.memory) {
  case GIEMSA_MEMORY_SMALL: options.memory = .small
  case GIEMSA_MEMORY_BALANCED: options.memory = .balanced
  case GIEMSA_MEMORY_FAST: options.memory = .fast
  default: throw .argument("options->memory is \(known.memory), which is no giemsa_memory")
  }
  switch Int(known.precision) {
  case GIEMSA_PRECISION_FLOAT: options.precision = .float
  case GIEMSA_PRECISION_BF16: options.precision = .bfloat16
  default: throw .argument("options->precision is \(known.precision), which is no giemsa_precision")
  }
  options.pictureSize = try pictureSize(known.picture_height, known.picture_width)
  guard known.memory_limit >= 1 << 20 else {
    throw .argument("options->memory_limit is \(known.memory_limit) bytes; it must be at least 1 MiB")
  }
  options.limits.memoryBytes = Int(clamping: known.memory_limit)
  if let path = known.trusted_key {
    do throws(GraphError) { options.limits.signers = try TrustedKeys.read([PathText.text(path)]) } catch {
      throw Failure(error)
    }
  }
  return options
}

/// nil for 0 and 0.
func pictureSize(_ height: Int32, _ width: Int32) throws(Failure) -> (height: Int, width: Int)? {
  if height == 0, width == 0 { return nil }
  let sides = PictureClassifier.inputSides
  guard sides.contains(Int(height)), sides.contains(Int(width)) else {
    throw .argument(
      "a picture size of \(height) × \(width); 1 to \(sides.upperBound) a side are possible, or 0 for both")
  }
  return (Int(height), Int(width))
}

/// Checks the `size` of an options struct: at least `first`, as the interface's first version had it. A program of a later
/// version may pass a longer one than is `known` here, as long as the members that this version does not know are 0.
func checkSize(
  _ size: Int, _ first: Int, _ known: Int, _ options: UnsafeRawPointer, _ name: String
) throws(Failure) {
  guard size >= first, size <= GIEMSA_CALLS_LARGEST_OPTIONS else {
    throw .argument("\(name)->size is \(size); fill the struct with its init function")
  }
  for offset in known..<max(known, size) where options.load(fromByteOffset: offset, as: UInt8.self) != 0 {
    throw .argument("\(name) has a member that this version of the library does not know")
  }
}

// MARK: Asking

@c @implementation
public func giemsa_input_count(_ model: OpaquePointer?) -> Int { model?.object(ModelHandle.self).inputs.count ?? 0 }

@c @implementation
public func giemsa_output_count(_ model: OpaquePointer?) -> Int { model?.object(ModelHandle.self).outputs.count ?? 0 }

@c @implementation
public func giemsa_model_input(
  _ model: OpaquePointer?, _ index: Int, _ tensor: UnsafeMutablePointer<giemsa_tensor>?
) -> giemsa_status {
  call { () throws(Failure) in
    try port(try given(model, "model").object(ModelHandle.self).inputs, index, "inputs").write(to: tensor)
  }
}

@c @implementation
public func giemsa_model_output(
  _ model: OpaquePointer?, _ index: Int, _ tensor: UnsafeMutablePointer<giemsa_tensor>?
) -> giemsa_status {
  call { () throws(Failure) in
    try port(try given(model, "model").object(ModelHandle.self).outputs, index, "outputs").write(to: tensor)
  }
}

@c @implementation
public func giemsa_find_input(
  _ model: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ index: UnsafeMutablePointer<Int>?
) -> giemsa_status {
  call { () throws(Failure) in
    try find(name, in: try given(model, "model").object(ModelHandle.self).inputs, "input", index)
  }
}

@c @implementation
public func giemsa_find_output(
  _ model: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ index: UnsafeMutablePointer<Int>?
) -> giemsa_status {
  call { () throws(Failure) in
    try find(name, in: try given(model, "model").object(ModelHandle.self).outputs, "output", index)
  }
}

@c @implementation
public func giemsa_metadata(_ model: OpaquePointer?, _ key: UnsafePointer<CChar>?) -> UnsafePointer<CChar>? {
  guard let model, let key else { return nil }
  return model.object(ModelHandle.self).metadata(key)
}

@c @implementation
public func giemsa_metadata_count(_ model: OpaquePointer?) -> Int {
  model?.object(ModelHandle.self).metadata.count ?? 0
}

@c @implementation
public func giemsa_metadata_key(_ model: OpaquePointer?, _ index: Int) -> UnsafePointer<CChar>? {
  guard let metadata = model?.object(ModelHandle.self).metadata, metadata.indices.contains(index) else { return nil }
  return metadata[index].key.pointer
}

func port(_ ports: [PortText], _ index: Int, _ what: String) throws(Failure) -> PortText {
  guard ports.indices.contains(index) else {
    throw .argument("index \(index) is out of range: the model has \(ports.count) \(what)")
  }
  return ports[index]
}

private func find(
  _ name: UnsafePointer<CChar>?, in ports: [PortText], _ kind: String, _ index: UnsafeMutablePointer<Int>?
) throws(Failure) {
  let (name, place) = (try given(name, "name"), try given(index, "index"))
  guard let found = ports.firstIndex(where: { $0.name.isSame(name) }) else {
    throw .argument("the model has no \(kind) '\(PathText.text(name).printable)'")
  }
  place.pointee = found
}

// MARK: The library

private let versionText = CText(Version.number)
private let instructionSetText = CText(Processor.instructionSet)

@c @implementation
public func giemsa_version() -> UnsafePointer<CChar>? { versionText.pointer }

@c @implementation
public func giemsa_instruction_set() -> UnsafePointer<CChar>? { instructionSetText.pointer }
