import Giemsa
import GiemsaC
import Text

/// What a `giemsa_session` points to.
final class SessionHandle {
  let model: ModelHandle
  let session: Session
  let message = Message()
  /// As planned.
  private(set) var inputs: [PortText] = []
  private(set) var outputs: [PortText] = []
  /// The outputs whose shapes only a run finds, as the last run left them.
  private var late: [Tensor?] = []

  init(_ model: ModelHandle, _ session: Session) {
    self.model = model
    self.session = session
    describe()
  }

  func reshape(to shapes: [Shape]) throws(GraphError) {
    try session.reshape(to: shapes)
    describe()
  }

  private func describe() {
    let model = session.model
    inputs = model.inputs.indices.map {
      PortText(self.model.inputs[$0].name, model.inputs[$0].type, session.inputShapes[$0].extents)
    }
    outputs = model.outputs.indices.map {
      let name = self.model.outputs[$0].name
      return session.outputShapes[$0].map { [port = model.outputs[$0]] in PortText(name, port.type, $0.extents) }
        ?? PortText(name, late: model.outputs[$0])
    }
    late = [Tensor?](repeating: nil, count: outputs.count)
  }

  /// Keeps the results that the caller gave no room for.
  func keepLate(_ results: [Tensor]) {
    for (index, result) in results.enumerated() where session.outputShapes[index] == nil {
      late[index] = result
      outputs[index] = PortText(model.outputs[index].name, result.type, result.shape.extents)
    }
  }

  /// The elements of such a result.
  func lateElements(_ index: Int) -> UnsafeRawPointer? {
    guard late.indices.contains(index), let tensor = late[index] else { return nil }
    return tensor.withBytes { $0.baseAddress }
  }
}

@c @implementation
public func giemsa_session_create(
  _ model: OpaquePointer?, _ shapes: UnsafePointer<giemsa_shape>?, _ count: Int,
  _ session: UnsafeMutablePointer<OpaquePointer?>?
) -> giemsa_status {
  call { () throws(Failure) in
    let model = try given(model, "model").object(ModelHandle.self)
    let place = try given(session, "session")
    let shapes = shapes == nil && count == 0 ? nil : try inputShapes(shapes, count, model)
    let session: Session
    do throws(GraphError) { session = try model.model.makeSession(inputShapes: shapes) } catch { throw Failure(error) }
    place.pointee = OpaquePointer(keeping: SessionHandle(model, session))
  }
}

@c @implementation
public func giemsa_session_reshape(
  _ session: OpaquePointer?, _ shapes: UnsafePointer<giemsa_shape>?, _ count: Int
) -> giemsa_status {
  let handle = session?.object(SessionHandle.self)
  return call(handle?.message) { () throws(Failure) in
    let handle = try given(handle, "session")
    let shapes = try inputShapes(shapes, count, handle.model)
    do throws(GraphError) { try handle.reshape(to: shapes) } catch { throw Failure(error) }
  }
}

@c @implementation
public func giemsa_session_free(_ session: OpaquePointer?) { session?.release(SessionHandle.self) }

@c @implementation
public func giemsa_session_input(
  _ session: OpaquePointer?, _ index: Int, _ tensor: UnsafeMutablePointer<giemsa_tensor>?
) -> giemsa_status {
  let handle = session?.object(SessionHandle.self)
  return call(handle?.message) { () throws(Failure) in
    try port(try given(handle, "session").inputs, index, "inputs").write(to: tensor)
  }
}

@c @implementation
public func giemsa_session_output(
  _ session: OpaquePointer?, _ index: Int, _ tensor: UnsafeMutablePointer<giemsa_tensor>?
) -> giemsa_status {
  let handle = session?.object(SessionHandle.self)
  return call(handle?.message) { () throws(Failure) in
    try port(try given(handle, "session").outputs, index, "outputs").write(to: tensor)
  }
}

@c @implementation
public func giemsa_run(
  _ session: OpaquePointer?, _ inputs: UnsafePointer<giemsa_input>?, _ inputCount: Int,
  _ outputs: UnsafePointer<giemsa_output>?, _ outputCount: Int
) -> giemsa_status {
  let handle = session?.object(SessionHandle.self)
  return call(handle?.message) { () throws(Failure) in
    let handle = try given(handle, "session")
    guard inputCount == handle.inputs.count, outputCount == handle.outputs.count else {
      throw .argument(
        "\(inputCount) inputs and \(outputCount) outputs were given; the model has \(handle.inputs.count) and "
          + "\(handle.outputs.count)")
    }
    var sources: [UnsafeRawBufferPointer] = []
    for index in 0..<inputCount {
      let input = try given(inputs, "inputs")[index]
      guard input.data != nil || input.byte_count == 0 else { throw .argument("inputs[\(index)].data is NULL") }
      sources.append(UnsafeRawBufferPointer(start: input.data, count: try byteCount(input.byte_count)))
    }
    var targets: [UnsafeMutableRawBufferPointer] = []
    for index in 0..<outputCount {
      let output = try given(outputs, "outputs")[index]
      guard output.data != nil || output.byte_count == 0 else { throw .argument("outputs[\(index)].data is NULL") }
      targets.append(UnsafeMutableRawBufferPointer(start: output.data, count: try byteCount(output.byte_count)))
    }
    let given: [Tensor]
    var results: [Tensor]
    do throws(GraphError) {
      (given, results) = try handle.session.tensors(over: sources, targets)
    } catch {
      throw Failure(error, badInput: GIEMSA_BAD_SIZE)
    }
    do throws(GraphError) {
      try handle.session.run(given, into: &results)
      handle.keepLate(results)
    } catch {
      // An operator refuses the value of an input.
      throw Failure(error, badInput: GIEMSA_BAD_ARGUMENT)
    }
  }
}

@c @implementation
public func giemsa_session_output_data(_ session: OpaquePointer?, _ index: Int) -> UnsafeRawPointer? {
  session?.object(SessionHandle.self).lateElements(index)
}

@c @implementation
public func giemsa_session_message(_ session: OpaquePointer?) -> UnsafePointer<CChar>? {
  session?.object(SessionHandle.self).message.text.pointer ?? emptyText.pointer
}

let emptyText = CText("")

private func byteCount(_ count: Int) throws(Failure) -> Int {
  guard count >= 0 else { throw Failure(status: GIEMSA_BAD_SIZE, message: "a buffer is larger than any memory") }
  return count
}

/// A shape for each input of the model. What they mean is checked when they are planned.
private func inputShapes(
  _ shapes: UnsafePointer<giemsa_shape>?, _ count: Int, _ model: ModelHandle
) throws(Failure) -> [Shape] {
  guard count == model.inputs.count else {
    throw .argument("\(count) shapes were given; the model has \(model.inputs.count) inputs")
  }
  var result: [Shape] = []
  for index in 0..<count {
    let shape = try given(shapes, "shapes")[index]
    guard (0...Shape.rankLimit).contains(shape.rank) else {
      throw Failure(
        status: GIEMSA_BAD_SHAPE,
        message: "shapes[\(index)].rank is \(shape.rank); 0 to \(Shape.rankLimit) are possible")
    }
    var extents: [Int] = []
    for axis in 0..<shape.rank { extents.append(Int(try given(shape.extents, "shapes[\(index)].extents")[axis])) }
    result.append(Shape(extents))
  }
  return result
}
