import Kernels
import ModelGraph
import Text

/// `f32_attention` or `bf16_attention`: what ``AttentionChains`` found.
final class AttentionStep: Step {
  private var parameters = f32_attention()
  private var multipliesBfloat16: Bool { parameters.narrow != nil }
  /// Floats before the first of queries, keys and values.
  private let offsets: (q: Int, k: Int, v: Int)

  private init(_ chain: AttentionChains.Chain, _ planner: Planner) {
    let rank = chain.shape.rank
    let items = Array(chain.shape.extents.dropLast(2))
    let (q, k, v) = (chain.q, chain.k, chain.v)
    offsets = (q.offset, k.offset, v.offset)
    parameters.items = (1, 1, 1, 1)
    store(items, asLastOf: &parameters.items)
    store(q.steps(along: items), asLastOf: &parameters.q_steps)
    store(k.steps(along: items), asLastOf: &parameters.k_steps)
    store(v.steps(along: items), asLastOf: &parameters.v_steps)
    store(Array(chain.outputStrides.dropLast(2)), asLastOf: &parameters.y_steps)
    (parameters.rows, parameters.keys) = (chain.shape[rank - 2], chain.shape[rank - 1])
    let (a, b, c) = (q.extents.count, k.extents.count, v.extents.count)
    (parameters.depth, parameters.columns) = (q.extents[a - 1], v.extents[c - 1])
    parameters.q_row = q.strides[a - 2]
    (parameters.k_depth, parameters.k_key) = (k.strides[b - 2], k.strides[b - 1])
    (parameters.v_key, parameters.v_column) = (v.strides[c - 2], v.strides[c - 1])
    parameters.y_row = chain.outputStrides[rank - 2]
    parameters.scale = chain.scale
    if let mask = chain.mask {
      store(mask.steps(along: items), asLastOf: &parameters.mask_steps)
      let row = mask.extents.count - 2
      parameters.mask_row = mask.extents[row] == 1 ? 0 : mask.strides[row]
    }
    if planner.multipliesBfloat16 {
      bf16_attention_plan(&parameters, planner.level, Int32(planner.threads))
    } else {
      f32_attention_plan(&parameters, planner.level, Int32(planner.threads))
    }
  }

  static func plan(_ candidate: Candidate, _ planner: Planner) throws(GraphError) -> Bool {
    guard let chain = planner.attention.chain[candidate.index] else { return false }
    let step = AttentionStep(chain, planner)
    var reads = [Operand.none, .none, .none, .none]
    reads[0] = try planner.operand(chain.q.base, .plain)
    reads[1] = try planner.operand(chain.k.base, .plain)
    reads[2] = try planner.operand(chain.v.base, .plain)
    if let mask = chain.mask { reads[3] = try planner.operand(mask.base, .plain) }
    planner.append(
      step, name: candidate.node.name, reads: reads, writes: [planner.newBuffer(chain.output, .plain)],
      multiplyAdds: chain.shape.count * (step.parameters.depth + step.parameters.columns))
    return true
  }

  var kernel: String { multipliesBfloat16 ? "bf16_attention" : "f32_attention" }

  var needs: StepNeeds {
    StepNeeds(packedBytes: 0, scratchBytes: parameters.scratch_bytes, zeroBytes: 0, weights: nil, others: [])
  }

  func pack(_ packer: Packer) {}

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.q = binder.floats(0).map { $0 + offsets.q }
    parameters.k = binder.floats(1).map { $0 + offsets.k }
    parameters.v = binder.floats(2).map { $0 + offsets.v }
    parameters.mask = binder.floats(3)
    parameters.y = binder.floatResult()
    parameters.scratch = binder.scratch
    parameters.scratch_bytes = binder.scratchBytes
    if multipliesBfloat16 {
      binder.call(bf16_attention_task, parameters, tasks: parameters.tasks)
    } else {
      binder.call(f32_attention_task, parameters, tasks: parameters.tasks)
    }
  }
}
