import ModelGraph

/// Writes protocol buffers by hand, for files that no ordinary writer produces.
struct Wire {
  var bytes: [UInt8] = []

  mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  func int(_ field: Int, _ value: Int) -> Wire {
    var copy = self
    copy.varint(UInt64(field << 3))
    copy.varint(UInt64(bitPattern: Int64(value)))
    return copy
  }

  func data(_ field: Int, _ data: [UInt8]) -> Wire {
    var copy = self
    copy.varint(UInt64(field << 3 | 2))
    copy.varint(UInt64(data.count))
    copy.bytes += data
    return copy
  }

  func text(_ field: Int, _ text: String) -> Wire { data(field, Array(text.utf8)) }
  func message(_ field: Int, _ message: Wire) -> Wire { data(field, message.bytes) }

  func packed(_ field: Int, _ values: [Int]) -> Wire {
    var inner = Wire()
    for value in values { inner.varint(UInt64(bitPattern: Int64(value))) }
    return message(field, inner)
  }

  // MARK: ONNX

  static func tensor(_ name: String, type: Int, dims: [Int]) -> Wire {
    dims.reduce(Wire()) { $0.int(1, $1) }.int(2, type).text(8, name)
  }

  static func declaration(_ name: String, type: Int, dims: [Int]) -> Wire {
    let shape = dims.reduce(Wire()) { $0.message(1, Wire().int(1, $1)) }
    return Wire().text(1, name).message(2, Wire().message(1, Wire().int(1, type).message(2, shape)))
  }

  static func node(_ kind: String, _ inputs: [String], _ outputs: [String], _ attributes: [Wire] = []) -> Wire {
    var node = Wire()
    for input in inputs { node = node.text(1, input) }
    for output in outputs { node = node.text(2, output) }
    node = node.text(3, "the \(kind)").text(4, kind)
    for attribute in attributes { node = node.message(5, attribute) }
    return node
  }

  static func model(_ graph: Wire, opset: Int = 21, ir: Int = 10) -> Wire {
    Wire().int(1, ir).message(8, Wire().text(1, "").int(2, opset)).message(7, graph)
  }

  /// A graph named g with y = Concat(x, w), without any initialiser yet.
  static func concatNode(_ axis: Wire) -> Wire {
    Wire().message(1, node("Concat", ["x", "w"], ["y"], [axis])).text(2, "g")
  }

  /// y = Concat(x, w) over axis 0, where w is an initialiser of shape [2, 2].
  static func concat(_ w: Wire) -> Wire {
    model(
      Wire().message(1, node("Concat", ["x", "w"], ["y"], [Wire().text(1, "axis").int(3, 0).int(20, 2)]))
        .text(2, "g").message(5, w).message(11, declaration("x", type: 1, dims: [2, 2]))
        .message(12, declaration("y", type: 1, dims: [4, 2])))
  }
}
