import Kernels
import ModelGraph

/// `q8_table`: a Gather from a table of 256 bytes, whose indices are a Cast of 8-bit integers: any function of a byte.
final class ByteTableStep: Step {
  private var parameters = q8_table()
  private let table: Graph.ValueID

  private init(_ table: Graph.ValueID, count: Int, _ planner: Planner) {
    self.table = table
    (parameters.isa, parameters.count) = (planner.level, count)
    q8_table_plan(&parameters)
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard let x = planner.chains.index[candidate.index], let table = candidate[Gather.Input.data] else { return false }
    let layout = planner.home(x)
    let source = try planner.operand(x, layout)
    planner.append(
      ByteTableStep(table, count: planner.shape(x).count, planner), for: candidate.node, reads: [source],
      writes: [planner.newBuffer(candidate.output, layout)])
    return true
  }

  var kernel: String { "q8_table" }

  var needs: StepNeeds {
    StepNeeds(packedBytes: 256, scratchBytes: 0, zeroBytes: 0, weights: nil, others: [table])
  }

  func pack(_ packer: Packer) {
    let packed = packer.room.assumingMemoryBound(to: UInt8.self)
    packer.constant(table)?.withBytes { bytes in
      for (index, byte) in bytes.prefix(256).enumerated() { packed[index] = byte }
    }
    parameters.table = UnsafePointer(packed)
  }

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.address(0)
    parameters.y = binder.result()
    binder.call(q8_table_task, parameters, tasks: parameters.tasks)
  }
}
