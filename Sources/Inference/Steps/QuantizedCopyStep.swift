import Kernels
import ModelGraph

/// `q8_table_rows`: one part of a concatenation of 8-bit integers in its place, on another grid.
final class QuantizedCopyStep: Step {
  private var parameters = q8_table_rows()
  /// What makes a byte on the new grid of one on the old.
  private var change: q8_pool
  private let offset: Int

  /// - Parameters:
  ///   - rows: so many of `bytes` each, one behind the other.
  ///   - offset: bytes from the result's beginning to the first of them; `step`: from each to the next.
  init(
    rows: Int, bytes: Int, offset: Int, step: Int, _ change: GridChange, of node: Graph.Node, _ planner: Planner
  ) throws(GraphError) {
    self.offset = offset
    (parameters.isa, parameters.rows, parameters.bytes, parameters.y_step) = (planner.level, rows, bytes, step)
    q8_table_rows_plan(&parameters)
    self.change = try QuantizedPoolStep.change(count: 256, change, of: node, planner)
  }

  var kernel: String { "q8_table_rows" }

  var needs: StepNeeds {
    StepNeeds(packedBytes: 256, scratchBytes: 0, zeroBytes: 0, weights: nil, others: [])
  }

  func pack(_ packer: Packer) {
    let table = packer.room.assumingMemoryBound(to: UInt8.self)
    for byte in 0..<256 { table[byte] = UInt8(byte) }
    // Each byte is read before it is written.
    (change.x, change.y) = (UnsafeRawPointer(table), UnsafeMutableRawPointer(table))
    for task in 0..<change.tasks { q8_pool_task(&change, task, 0) }
    parameters.table = UnsafePointer(table)
  }

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.address(0)
    parameters.y = binder.result(at: offset)
    binder.call(q8_table_rows_task, parameters, tasks: parameters.tasks)
  }
}
