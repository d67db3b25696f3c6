import Kernels
import ModelGraph
import Platform

/// One kernel call, ready to go: nothing is decided or allocated past here.
struct Step {
  /// nil: the operator's definition, `references[count]`.
  var task: thread_pool_task?
  /// The kernel's parameters.
  var context: UnsafeMutableRawPointer
  /// Tasks that the threads share.
  var count: Int
  /// Others that must be over before.
  var first: (task: thread_pool_task, count: Int)?
}

/// Where a kernel wants the address of a graph input, which every run has anew.
struct InputPatch {
  enum Target {
    case transpose(UnsafeMutablePointer<f32_transpose>)
    case copy(UnsafeMutablePointer<rows_copy>)
    case quantize(UnsafeMutablePointer<q8_quantize>)
    case bytesTranspose(UnsafeMutablePointer<bytes_transpose>)
  }

  var input: Int
  var target: Target

  func apply(_ address: UnsafeRawPointer?) {
    switch target {
    case .transpose(let context): context.pointee.x = address?.assumingMemoryBound(to: Float.self)
    case .copy(let context): context.pointee.x = address
    case .quantize(let context): context.pointee.x = address?.assumingMemoryBound(to: Float.self)
    case .bytesTranspose(let context): context.pointee.x = address
    }
  }
}

/// A node that no kernel of ours fits: run by its definition, on copies. The only steps that allocate.
struct ReferenceStep {
  enum Argument {
    case memory(offset: Int)
    case constant(Tensor?)
  }

  var node: Graph.Node
  var arguments: [Argument]
  /// Where the results go; -1 for those that nobody wants.
  var resultOffsets: [Int]

  func run(_ values: MemoryBlock, _ facts: [ReferenceFact]) throws(GraphError) {
    var tensors: [Tensor?] = []
    for (index, argument) in arguments.enumerated() {
      switch argument {
      case .constant(let tensor): tensors.append(tensor)
      case .memory(let offset):
        let fact = facts[node.inputs[index] ?? 0]
        var tensor = try Tensor(zeros: fact.shape, type: fact.type)
        tensor.withMutableBytes {
          $0.copyMemory(from: UnsafeRawBufferPointer(start: values.base + offset, count: $0.count))
        }
        tensors.append(tensor)
      }
    }
    let results: [Tensor]
    do { results = try node.operation.evaluate(tensors) } catch { throw error.at(node.place) }
    for (index, offset) in resultOffsets.enumerated() where offset >= 0 {
      guard let id = node.outputs[index], index < results.count else { continue }
      let (result, fact) = (results[index], facts[id])
      guard result.shape == fact.shape, result.type == fact.type else {
        throw GraphError(
          .shapeMismatch,
          "output \(index) came out as \(result.type.name) \(result.shape), planned was \(fact.type.name) \(fact.shape)"
        ).at(node.place)
      }
      result.withBytes { bytes in
        if let base = bytes.baseAddress, bytes.count > 0 {
          (values.base + offset).copyMemory(from: base, byteCount: bytes.count)
        }
      }
    }
  }
}

/// What a reference step needs to know of a value: its constants are gone by then.
struct ReferenceFact {
  var type: ElementType
  var shape: Shape
}
