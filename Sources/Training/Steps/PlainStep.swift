import Kernels
import ModelGraph

/// Any operator without training kernels, by its plain definition and its gradient rule. Slow.
class PlainStep: Step {
  private let operation: Operator

  init(place: String, operation: Operator, operands: [Operand?], output: Slot) {
    self.operation = operation
    super.init(place: place, kind: operation.name + " (plain)", operands: operands, output: output)
  }

  func evaluate(_ inputs: [Tensor?]) throws(GraphError) -> [Tensor] { try operation.evaluate(inputs) }

  /// The loss's gradient by each input; nil for those it cannot flow to, or that are unwanted.
  func gradients(_ inputs: [Tensor?], output: Tensor, slope: Tensor) throws(GraphError) -> [Tensor?] {
    try operation.gradients(inputs: inputs, output: output, outputGradient: slope)
  }

  override func forward(_ pass: Pass) throws {
    let results: [Tensor]
    do { results = try evaluate(try inputs(pass)) } catch { throw error.at(place) }
    guard let result = results.first, result.type == .float32, result.shape == output.shape(images: pass.images) else {
      throw GraphError(.shapeMismatch, "the result does not fit a batch of \(pass.images) pictures").at(place)
    }
    pass.store(result, in: pass.activation(output), of: output)
  }

  override func backward(_ pass: Pass) throws {
    let gradients: [Tensor?]
    do {
      gradients = try self.gradients(
        try inputs(pass), output: try pass.tensor(pass.activation(output), of: output),
        slope: try pass.tensor(pass.gradient(output), of: output))
    } catch { throw error.at(place) }
    for (index, operand) in operands.enumerated() where modes[index] != .unwanted {
      guard index < gradients.count, let gradient = gradients[index] else {
        throw GraphError(.unknownOperator, "input \(index) cannot be trained through").at(place)
      }
      switch operand {
      case .slot(let slot): try add(gradient, to: slot, modes[index], pass)
      case .parameter(let parameter):
        let target = pass.gradient(parameter)
        if modes[index] == .write { target.update(repeating: 0, count: parameter.count) }
        gradient.withElements(Float.self) { if let base = $0.baseAddress { parameter.packAdding(base, into: target) } }
      case .constant, nil: continue
      }
    }
  }

  private func add(_ gradient: Tensor, to slot: Slot, _ mode: Mode, _ pass: Pass) throws(GraphError) {
    var gradient = gradient
    if mode == .accumulate {
      let before = try pass.tensor(pass.gradient(slot), of: slot)
      before.withElements(Float.self) { before in
        gradient.withMutableElements(Float.self) { gradient in
          for index in gradient.indices { gradient[index] += before[index] }
        }
      }
    }
    pass.store(gradient, in: pass.gradient(slot), of: slot)
  }

  private func inputs(_ pass: Pass) throws(GraphError) -> [Tensor?] {
    var tensors: [Tensor?] = []
    for operand in operands {
      switch operand {
      case .slot(let slot): tensors.append(try pass.tensor(pass.activation(slot), of: slot))
      case .parameter(let parameter): tensors.append(try parameter.tensor(pass.weights(parameter)))
      case .constant(let tensor): tensors.append(tensor)
      case nil: tensors.append(nil)
      }
    }
    if case .expand = operation, output.batchAxis != nil {
      // Its shape input holds the extents of the full batch.
      let extents = output.shape(images: pass.images).extents.map { Int64($0) }
      tensors[Expand.Input.shape.index] = try Tensor([extents.count], extents)
    }
    return tensors
  }
}

extension Pass {
  /// A slot's memory as a tensor in ONNX's order.
  func tensor(_ memory: UnsafePointer<Float>, of slot: Slot) throws(GraphError) -> Tensor {
    let shape = slot.shape(images: images)
    var tensor = try Tensor(zeros: shape)
    tensor.withMutableElements(Float.self) { elements in
      guard let base = elements.baseAddress else { return }
      if slot.isChannelsLast {
        let (count, channels, pixels) = (Int32(shape[0]), Int32(slot.channels), Int32(slot.pixels))
        kernels.to_channels_first(memory, base, count, channels, pixels, 0, 0, 1)
      } else {
        base.update(from: memory, count: elements.count)
      }
    }
    return tensor
  }

  /// The reverse of ``tensor(_:of:)``.
  func store(_ tensor: Tensor, in memory: UnsafeMutablePointer<Float>, of slot: Slot) {
    tensor.withElements(Float.self) { elements in
      guard let base = elements.baseAddress else { return }
      if slot.isChannelsLast {
        let (count, channels, pixels) = (Int32(tensor.shape[0]), Int32(slot.channels), Int32(slot.pixels))
        kernels.to_channels_last(base, memory, count, channels, pixels, 0, 1)
      } else {
        memory.update(from: base, count: elements.count)
      }
    }
  }
}
