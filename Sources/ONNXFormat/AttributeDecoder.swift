import ModelGraph
import ONNXSchema
import Text

/// AttributeProto → ``Attribute``.
struct AttributeDecoder {
  let limits: Limits
  let tensors: TensorReader

  /// ONNX's AttributeProto.type.
  private enum Kind {
    static let float: Int32 = 1
    static let int: Int32 = 2
    static let string: Int32 = 3
    static let tensor: Int32 = 4
    static let floats: Int32 = 6
    static let ints: Int32 = 7
    static let strings: Int32 = 8
  }

  /// Throws E109 for a subgraph, E110 inside a function, E117 for sparse tensors, E206 for attribute kinds that no
  /// supported operator has.
  func attribute(_ proto: Onnx__AttributeProto) throws(GraphError) -> Attribute {
    let name = try proto.name.text("attribute name", limit: limits.nameBytes)
    guard proto.n_g == 0, proto.n_graphs == 0, proto.type != 5, proto.type != 10 else {
      throw GraphError(
        .subgraph, "attribute '\(name)' holds a graph: control flow is not supported; export the model without it")
    }
    guard proto.ref_attr_name.len == 0 else {
      throw GraphError(.functions, "attribute '\(name)' refers to a function's attribute: functions are not supported")
    }
    guard proto.n_sparse_tensor == 0, proto.n_sparse_tensors == 0, proto.type != 11, proto.type != 12 else {
      throw GraphError(.sparse, "attribute '\(name)' holds a sparse tensor, which is not supported")
    }
    return Attribute(name, try value(proto, name))
  }

  private func value(_ proto: Onnx__AttributeProto, _ name: String) throws(GraphError) -> Attribute.Value {
    // A field with its default value may be missing from the file: proto3 writers omit zeros.
    switch proto.has_type != 0 && proto.type != 0 ? proto.type : guessedKind(proto) {
    case Kind.float: return .float(proto.f)
    case Kind.int: return .int(Int(proto.i))
    case Kind.string: return .string(try proto.s.text("attribute '\(name)'", limit: limits.textBytes))
    case Kind.tensor:
      guard proto.n_t == 1, let tensor = proto.t?[0] else { throw bad(name, "holds \(proto.n_t) tensors, not one") }
      return .tensor(try tensors.tensor(tensor, "attribute '\(name)'"))
    case Kind.floats:
      try check(proto.n_floats, name)
      return .floats(Array(UnsafeBufferPointer(start: proto.floats, count: proto.n_floats)))
    case Kind.ints:
      try check(proto.n_ints, name)
      return .ints(UnsafeBufferPointer(start: proto.ints, count: proto.n_ints).map { Int($0) })
    case Kind.strings:
      try check(proto.n_strings, name)
      var strings: [String] = []
      for data in UnsafeBufferPointer(start: proto.strings, count: proto.n_strings) {
        strings.append(try data.text("attribute '\(name)'", limit: limits.textBytes))
      }
      return .strings(strings)
    default: throw bad(name, "is of a kind (\(proto.type)) that no supported operator has")
    }
  }

  /// Files before IR version 4 may omit the kind.
  private func guessedKind(_ proto: Onnx__AttributeProto) -> Int32 {
    if proto.has_i != 0 { return Kind.int }
    if proto.has_f != 0 { return Kind.float }
    if proto.has_s != 0 { return Kind.string }
    if proto.n_t > 0 { return Kind.tensor }
    if proto.n_floats > 0 { return Kind.floats }
    if proto.n_strings > 0 { return Kind.strings }
    return Kind.ints
  }

  private func check(_ count: Int, _ name: String) throws(GraphError) {
    guard count <= limits.attributeEntries else {
      throw GraphError(.overLimit, "attribute '\(name)' has \(count) entries; the limit is \(limits.attributeEntries)")
    }
  }

  private func bad(_ name: String, _ why: String) -> GraphError {
    GraphError(.badAttribute, "attribute '\(name)' \(why)")
  }
}
