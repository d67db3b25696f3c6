import ModelGraph
import Text

/// A node that no kernel fits, run by its operator's definition on copies of its operands. The only step that allocates
/// while it runs.
final class ReferenceStep: Step {
  fileprivate typealias Form = (type: ElementType, shape: Shape)

  private let node: Graph.Node
  private let inputs: [Form?]
  private let outputs: [Form?]
  private let runBytes: Int

  /// - Parameter reads: where the inputs are.
  private init(_ node: Graph.Node, _ reads: [Operand], _ planner: Planner) {
    func forms(_ ids: [Graph.ValueID?]) -> [Form?] { ids.map { $0.map { (planner.type($0), planner.shape($0)) } } }
    self.node = node
    (inputs, outputs) = (forms(node.inputs), forms(node.outputs))
    // QLinearAdd and its kind compute with operands and results of 32 bits.
    let isIn8Bit = node.operation.domain == .microsoft
    var bytes = 0
    for (index, form) in (inputs + outputs).enumerated() {
      guard let (type, shape) = form else { continue }
      if isIn8Bit, type.byteCount == 1 { bytes += 4 * shape.count }
      if index < reads.count, case .constant = reads[index] { continue }
      bytes += shape.count * type.byteCount
    }
    runBytes = bytes
  }

  /// Fits every node.
  static func plan(_ node: Graph.Node, _ planner: Planner) throws(GraphError) {
    var reads: [Operand] = []
    for input in node.inputs {
      if let input { reads.append(try planner.operand(input, .plain)) } else { reads.append(.none) }
    }
    var writes: [Int?] = []
    for output in node.outputs {
      if let output, !planner.isKnown(output) {
        writes.append(planner.newBuffer(output, .plain))
      } else {
        writes.append(nil)
      }
    }
    planner.append(ReferenceStep(node, reads, planner), for: node, reads: reads, writes: writes)
  }

  var kernel: String { "reference" }
  /// Copies of the operands that are no constants, results, and what 8-bit operators compute with.
  var needs: StepNeeds { .operands(andRunBytes: runBytes) }
  func pack(_ packer: Packer) {}

  func bind(_ binder: Binder) {
    var arguments: [Evaluation.Argument] = []
    for (position, form) in inputs.enumerated() {
      if let form, let address = binder.bufferAddress(position) {
        arguments.append(.memory(address, form))
      } else {
        arguments.append(.constant(binder.constant(position)))
      }
    }
    var results: [(UnsafeMutableRawPointer, Form)?] = []
    for (position, form) in outputs.enumerated() {
      if let form, let address = binder.resultAddress(position) {
        results.append((address, form))
      } else {
        results.append(nil)
      }
    }
    binder.call(Evaluation(node, arguments, results))
  }

  /// The step with its addresses in one engine.
  final class Evaluation {
    fileprivate enum Argument {
      case memory(UnsafeMutableRawPointer, Form)
      case constant(Tensor?)
    }

    private let node: Graph.Node
    private let arguments: [Argument]
    /// nil for results without readers.
    private let results: [(UnsafeMutableRawPointer, Form)?]

    fileprivate init(
      _ node: Graph.Node, _ arguments: [Argument], _ results: [(UnsafeMutableRawPointer, Form)?]
    ) {
      self.node = node
      self.arguments = arguments
      self.results = results
    }

    func run() throws(GraphError) {
      var tensors: [Tensor?] = []
      for argument in arguments {
        switch argument {
        case .constant(let tensor): tensors.append(tensor)
        case .memory(let address, let form):
          var tensor = try Tensor(zeros: form.shape, type: form.type)
          tensor.withMutableBytes {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: $0.count))
          }
          tensors.append(tensor)
        }
      }
      let found: [Tensor]
      do { found = try node.operation.evaluate(tensors) } catch { throw error.at(node.place) }
      for (index, result) in results.enumerated() {
        guard let (address, form) = result, index < found.count else { continue }
        guard found[index].shape == form.shape, found[index].type == form.type else {
          throw GraphError(
            .shapeMismatch,
            "output \(index) came out as \(found[index].type.name) \(found[index].shape), planned was "
              + "\(form.type.name) \(form.shape)"
          ).at(node.place)
        }
        found[index].withBytes { bytes in
          if let base = bytes.baseAddress, bytes.count > 0 { address.copyMemory(from: base, byteCount: bytes.count) }
        }
      }
    }
  }
}
