import ModelGraph
import ONNXSchema
import Platform
import Text

/// Arena for the small parts of the messages being written, freed all at once. Tensor data are referenced, not copied,
/// so the caller must keep the tensors alive.
final class MessageArena {
  private var blocks: [UnsafeMutableRawPointer] = []
  private var tensors: [Tensor] = []

  deinit { for block in blocks { platform_free(block) } }

  func make<Message>(_ message: Message) -> UnsafeMutablePointer<Message> {
    let pointer = allocate(MemoryLayout<Message>.size).bindMemory(to: Message.self, capacity: 1)
    pointer.initialize(to: message)
    return pointer
  }

  func array<Element>(_ elements: [Element]) -> UnsafeMutablePointer<Element>? {
    if elements.isEmpty { return nil }
    let count = elements.count
    let pointer = allocate(MemoryLayout<Element>.stride * count).bindMemory(to: Element.self, capacity: count)
    for (index, element) in elements.enumerated() { (pointer + index).initialize(to: element) }
    return pointer
  }

  func data(_ text: String) -> ProtobufCBinaryData {
    let bytes = PathText.bytes(of: text)
    return ProtobufCBinaryData(len: bytes.count, data: array(bytes))
  }

  /// raw_data, little-endian like all our platforms.
  func tensor(_ tensor: Tensor, name: String) -> UnsafeMutablePointer<Onnx__TensorProto> {
    tensors.append(tensor)
    var proto = Onnx__TensorProto()
    onnx__tensor_proto__init(&proto)
    if !name.isEmpty {
      proto.has_name = 1
      proto.name = data(name)
    }
    proto.has_data_type = 1
    proto.data_type = TensorDataType.number(tensor.type)
    proto.n_dims = tensor.shape.rank
    proto.dims = array(tensor.shape.extents.map { Int64($0) })
    proto.has_raw_data = 1
    proto.raw_data = tensor.withBytes { bytes in
      let base = bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0).assumingMemoryBound(to: UInt8.self) }
      return ProtobufCBinaryData(len: bytes.count, data: base)
    }
    return make(proto)
  }

  func entry(_ key: String, _ value: String) -> UnsafeMutablePointer<Onnx__StringStringEntryProto>? {
    var proto = Onnx__StringStringEntryProto()
    onnx__string_string_entry_proto__init(&proto)
    proto.has_key = 1
    proto.key = data(key)
    proto.has_value = 1
    proto.value = data(value)
    return make(proto)
  }

  func attribute(_ attribute: Attribute) -> UnsafeMutablePointer<Onnx__AttributeProto>? {
    var proto = Onnx__AttributeProto()
    onnx__attribute_proto__init(&proto)
    proto.has_name = 1
    proto.name = data(attribute.name)
    proto.has_type = 1
    switch attribute.value {
    case .float(let value):
      proto.type = 1
      proto.has_f = 1
      proto.f = value
    case .int(let value):
      proto.type = 2
      proto.has_i = 1
      proto.i = Int64(value)
    case .string(let value):
      proto.type = 3
      proto.has_s = 1
      proto.s = data(value)
    case .tensor(let value):
      proto.type = 4
      proto.n_t = 1
      proto.t = array([tensor(value, name: "")])
    case .floats(let values):
      proto.type = 6
      proto.n_floats = values.count
      proto.floats = array(values)
    case .ints(let values):
      proto.type = 7
      proto.n_ints = values.count
      proto.ints = array(values.map { Int64($0) })
    case .graph:
      // The writer refuses nodes with branches.
      proto.type = 5
    case .strings(let values):
      proto.type = 8
      proto.n_strings = values.count
      proto.strings = array(values.map { data($0) })
    }
    return make(proto)
  }

  private func allocate(_ count: Int) -> UnsafeMutableRawPointer {
    guard let block = platform_allocate(max(count, 1)) else { platform_out_of_memory(count) }
    blocks.append(block)
    return block
  }
}
