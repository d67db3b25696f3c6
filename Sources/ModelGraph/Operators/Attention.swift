import Platform
import Text

/// Attention: softmax(Q · Kᵀ · scale + mask) · V, head by head.
/// https://onnx.ai/onnx/operators/onnx__Attention.html, opsets 23, 24 and 25.
///
/// Inputs: Q `[N, heads, S, D]`, K `[N, kv heads, T, D]`, V `[N, kv heads, T, E]`, or `[N, S, heads · D]` and so on;
/// attn_mask, which broadcasts to `[N, heads, S, past + T]` (optional; bool: what to attend, else added; a shorter last
/// axis disallows the rest); past_key and past_value `[N, kv heads, P, …]` (optional), which stand before K and V;
/// nonpad_kv_seqlen int64 `[N]` (optional), how many keys count.
///
/// Outputs: Y in Q's form; present_key, present_value (optional): past and new together; qk_matmul_output (optional):
/// the scores, of which `qk_matmul_output_mode` says whether they are raw (0), capped (1), masked (2) or the softmax
/// (3). A query without any key gives 0. Everything is computed in double precision, whatever `softmax_precision` says.
public struct Attention: OperatorDefinition {
  public static let name = "Attention"

  public enum Input {
    public static let q = OperatorInput(0, "Q", .activation)
    public static let k = OperatorInput(1, "K", .activation)
    public static let v = OperatorInput(2, "V", .activation)
    public static let mask = OperatorInput(3, "attn_mask", .setting, .optional)
    public static let pastKey = OperatorInput(4, "past_key", .activation, .optional)
    public static let pastValue = OperatorInput(5, "past_value", .activation, .optional)
    public static let keyCounts = OperatorInput(6, "nonpad_kv_seqlen", .setting, .optional)
  }

  public static let inputs = [
    Input.q, Input.k, Input.v, Input.mask, Input.pastKey, Input.pastValue, Input.keyCounts,
  ]
  public static let outputs = 1...4
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  /// What qk_matmul_output holds.
  public enum Scores: Int, Sendable {
    case raw, capped, masked, softmax
  }

  public var isCausal = false
  /// nil: 1/√D.
  public var scale: Float?
  /// Scores become softcap · tanh(score / softcap); 0: they stay.
  public var softcap: Float = 0
  /// Needed for inputs of three axes.
  public var heads: Int?
  public var kvHeads: Int?
  public var scores = Scores.raw
  /// How many keys before and behind its own place a query may see; nil: all.
  public var leftWindow: Int?
  public var rightWindow: Int?

  public init() {}

  public init(_ attributes: AttributeReader) throws(GraphError) {
    isCausal = try attributes.flag("is_causal", default: false)
    scale = try attributes.optionalFloat("scale")
    softcap = try attributes.float("softcap", default: 0)
    heads = try attributes.optionalInt("q_num_heads")
    kvHeads = try attributes.optionalInt("kv_num_heads")
    for (name, count) in [("q_num_heads", heads), ("kv_num_heads", kvHeads)] {
      if let count, count < 1 { throw attributes.bad(name, "is \(count), must be at least 1") }
    }
    let mode = try attributes.int("qk_matmul_output_mode", default: 0)
    guard let scores = Scores(rawValue: mode) else {
      throw attributes.bad("qk_matmul_output_mode", "is \(mode), must be 0 to 3")
    }
    self.scores = scores
    if let precision = try attributes.optionalInt("softmax_precision") {
      _ = try attributes.elementType("softmax_precision", precision)
    }
    if attributes.opset >= 25 {
      leftWindow = try Self.window(attributes, "left_window_size")
      rightWindow = try Self.window(attributes, "right_window_size")
    }
  }

  private static func window(_ attributes: AttributeReader, _ name: String) throws(GraphError) -> Int? {
    let size = try attributes.int(name, default: -1)
    guard size >= -1 else { throw attributes.bad(name, "is \(size), must be at least -1") }
    return size == -1 ? nil : size
  }

  public var attributes: [Attribute] {
    var list: [Attribute] = [.flag("is_causal", isCausal), .int("qk_matmul_output_mode", scores.rawValue)]
    if let scale { list.append(.float("scale", scale)) }
    if softcap != 0 { list.append(.float("softcap", softcap)) }
    if let heads { list.append(.int("q_num_heads", heads)) }
    if let kvHeads { list.append(.int("kv_num_heads", kvHeads)) }
    if let leftWindow { list.append(.int("left_window_size", leftWindow)) }
    if let rightWindow { list.append(.int("right_window_size", rightWindow)) }
    return list
  }

  /// 24 adds nonpad_kv_seqlen, 25 the windows. A node is not told its inputs here: 24 reads files of 23 alike.
  public var firstOpset: Int { leftWindow == nil && rightWindow == nil ? 24 : 25 }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (q, k, v) = (try inputs.required(Input.q), try inputs.required(Input.k), try inputs.required(Input.v))
    try inputs.check(Input.q, is: ElementType.floats)
    try inputs.check(Input.k, matches: Input.q)
    try inputs.check(Input.v, is: ElementType.floats)
    try inputs.check(Input.pastKey, matches: Input.q)
    try inputs.check(Input.pastValue, matches: Input.v)
    try inputs.check(Input.keyCounts, is: [.int64])
    guard (inputs[Input.pastKey] == nil) == (inputs[Input.pastValue] == nil) else {
      throw GraphError(.wrongArity, "Attention: past_key and past_value need each other")
    }
    guard inputs[Input.pastKey] == nil || inputs[Input.keyCounts] == nil else {
      throw GraphError(.wrongArity, "Attention: nonpad_kv_seqlen cannot stand beside past_key")
    }
    let sizes = try sizes(q.shape, k.shape, v.shape, past: inputs[Input.pastKey]?.shape)
    try inputs.check(Input.pastKey, isShaped: [sizes.batch, sizes.kvHeads, sizes.past, sizes.depth])
    try inputs.check(Input.pastValue, isShaped: [sizes.batch, sizes.kvHeads, sizes.past, sizes.width])
    try inputs.check(Input.keyCounts, isShaped: [sizes.batch])
    if var mask = inputs[Input.mask]?.shape {
      let given = mask
      if mask.rank > 0, mask[mask.rank - 1] <= sizes.keys { mask[mask.rank - 1] = sizes.keys }
      guard mask.rank > 0, Shape.broadcast(mask, sizes.scores) == sizes.scores else {
        throw .mismatch("Attention: attn_mask is \(given), which does not broadcast to \(sizes.scores)")
      }
    }
    return [
      Fact(q.type, sizes.output), Fact(k.type, sizes.presentKey), Fact(v.type, sizes.presentValue),
      Fact(q.type, sizes.scores),
    ]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (q, k, v) = (try inputs.required(Input.q), try inputs.required(Input.k), try inputs.required(Input.v))
    let sizes = try sizes(q.shape, k.shape, v.shape, past: inputs[Input.pastKey]?.shape)
    let queries = try headsFirst(q, sizes.heads)
    let key = try present(inputs[Input.pastKey], headsFirst(k, sizes.kvHeads))
    let value = try present(inputs[Input.pastValue], headsFirst(v, sizes.kvHeads))
    let bias = AttentionBias(
      try inputs[Input.mask]?.converted(to: .float64), isBool: inputs[Input.mask]?.type == .bool, sizes,
      counts: inputs[Input.keyCounts]?.ints, self)
    var y = try Tensor(zeros: [sizes.batch, sizes.heads, sizes.queries, sizes.width], type: .float64)
    var scores = try Tensor(zeros: sizes.scores, type: .float64)
    let factor = scale.map { Double($0) } ?? 1 / Double(sizes.depth).squareRoot()
    try queries.converted(to: .float64).withElements(Double.self) { q throws(GraphError) in
      try key.converted(to: .float64).withElements(Double.self) { k throws(GraphError) in
        try value.converted(to: .float64).withElements(Double.self) { v throws(GraphError) in
          y.withMutableElements(Double.self) { y in
            scores.withMutableElements(Double.self) { scores in
              var row = [Double](repeating: 0, count: sizes.keys)
              for line in 0..<sizes.batch * sizes.heads * sizes.queries {
                let head = line / sizes.queries
                let kvHead = head / sizes.heads * sizes.kvHeads + head % sizes.heads / sizes.sharing
                for key in 0..<sizes.keys {
                  var sum = 0.0
                  let (from, to) = (line * sizes.depth, (kvHead * sizes.keys + key) * sizes.depth)
                  for index in 0..<sizes.depth { sum += q[from + index] * k[to + index] }
                  row[key] = sum * factor
                }
                let shown = scores.baseAddress.map { $0 + line * sizes.keys }
                attend(&row, bias, line, shown)
                for key in 0..<sizes.keys where row[key] != 0 {
                  let from = (kvHead * sizes.keys + key) * sizes.width
                  for index in 0..<sizes.width { y[line * sizes.width + index] += row[key] * v[from + index] }
                }
              }
            }
          }
        }
      }
    }
    if q.shape.rank == 3 {
      y = try Transpose(perm: [0, 2, 1, 3]).evaluate(Inputs(Self.name, [y]))[0].reshaped(sizes.output)
    }
    return [try y.converted(to: q.type), key, value, try scores.converted(to: q.type)]
  }

  /// Turns the scores of one query into shares of the keys; `shown` gets those that qk_matmul_output holds.
  private func attend(
    _ row: inout [Double], _ bias: AttentionBias, _ line: Int, _ shown: UnsafeMutablePointer<Double>?
  ) {
    func show(_ stage: Scores) {
      if stage == scores, let shown { for key in row.indices { shown[key] = row[key] } }
    }
    show(.raw)
    if softcap > 0 {
      let cap = Double(softcap)
      // tanh(x) = 1 − 2 / (e^2x + 1)
      for key in row.indices { row[key] = cap * (1 - 2 / (platform_exp(2 * row[key] / cap) + 1)) }
    }
    show(.capped)
    var isMasked = true
    var largest = -Double.infinity
    for key in row.indices {
      let added = bias.value(line, key)
      if added != -.infinity { isMasked = false }
      row[key] += added
      largest = largest.orLarger(row[key])
    }
    show(.masked)
    var sum = 0.0
    for key in row.indices {
      row[key] = isMasked || largest == -.infinity ? 0 : platform_exp(row[key] - largest)
      sum += row[key]
    }
    if sum != 0 { for key in row.indices { row[key] /= sum } }
    show(.softmax)
  }

  /// `[N, heads, S, D]` of a tensor that may be `[N, S, heads · D]`.
  private func headsFirst(_ x: Tensor, _ heads: Int) throws(GraphError) -> Tensor {
    if x.shape.rank == 4 { return x }
    let parts = try x.reshaped([x.shape[0], x.shape[1], heads, x.shape[2] / heads])
    return try Transpose(perm: [0, 2, 1, 3]).evaluate(Inputs(Self.name, [parts]))[0]
  }

  private func present(_ past: Tensor?, _ new: Tensor) throws(GraphError) -> Tensor {
    guard let past else { return new }
    return try Concat.join([past, new], axis: 2, of: Self.name)
  }

  private func sizes(_ q: Shape, _ k: Shape, _ v: Shape, past: Shape?) throws(GraphError) -> AttentionSizes {
    guard q.rank == 3 || q.rank == 4, k.rank == q.rank, v.rank == q.rank else {
      throw GraphError(.wrongRank, "Attention: Q is \(q), K is \(k) and V is \(v); all must have 3 or all 4 dimensions")
    }
    /// Heads, length and depth of an input.
    func parts(_ shape: Shape, _ heads: Int?, _ name: String) throws(GraphError) -> (Int, Int, Int) {
      if shape.rank == 4 {
        guard heads == nil || heads == shape[1] else {
          throw .mismatch("Attention: \(name) is \(shape), but has \(heads ?? 0) heads by its attribute")
        }
        return (shape[1], shape[2], shape[3])
      }
      guard let heads else {
        throw GraphError(.badAttribute, "Attention: q_num_heads and kv_num_heads are required for 3 dimensions")
      }
      guard shape[2] % heads == 0 else {
        throw .mismatch("Attention: \(name) is \(shape), which \(heads) heads do not divide")
      }
      return (heads, shape[1], shape[2] / heads)
    }
    let (heads, queries, depth) = try parts(q, heads, "Q")
    let (kvHeads, newKeys, keyDepth) = try parts(k, kvHeads, "K")
    let (valueHeads, values, width) = try parts(v, kvHeads, "V")
    guard k[0] == q[0], v[0] == q[0], keyDepth == depth, valueHeads == kvHeads, values == newKeys else {
      throw .mismatch("Attention: Q \(q), K \(k) and V \(v) do not fit each other")
    }
    guard kvHeads > 0, heads % kvHeads == 0 else {
      throw .mismatch("Attention: \(heads) heads of Q cannot share \(kvHeads) heads of K")
    }
    if let past, past.rank != 4 { throw .wrongRank("Attention: past_key", expected: 4, found: past.rank) }
    var sizes = AttentionSizes(
      batch: q[0], heads: heads, kvHeads: kvHeads, queries: queries, past: past?[2] ?? 0, newKeys: newKeys,
      depth: depth, width: width, output: [])
    sizes.output = q.rank == 4 ? [q[0], heads, queries, width] : [q[0], queries, heads * width]
    return sizes
  }
}

/// The extents of an Attention.
struct AttentionSizes {
  var batch: Int
  var heads: Int
  var kvHeads: Int
  var queries: Int
  var past: Int
  var newKeys: Int
  /// Elements of a query and of a key.
  var depth: Int
  /// Elements of a value.
  var width: Int
  var output: Shape

  var keys: Int { past + newKeys }
  /// How many heads of Q share a head of K.
  var sharing: Int { max(heads / kvHeads, 1) }
  var scores: Shape { [batch, heads, queries, keys] }
  var presentKey: Shape { [batch, kvHeads, keys, depth] }
  var presentValue: Shape { [batch, kvHeads, keys, width] }
}

/// What is added to the scores of an Attention: the mask, and −∞ where a query may not see a key.
private struct AttentionBias {
  private let mask: [Double]
  private let isBool: Bool
  /// Of the mask, for batch, head and query; 0 where it is broadcast.
  private let steps: [Int]
  /// Keys that the mask covers.
  private let length: Int
  private let sizes: AttentionSizes
  private let counts: [Int]?
  private let attention: Attention

  init(_ mask: Tensor?, isBool: Bool, _ sizes: AttentionSizes, counts: [Int]?, _ attention: Attention) {
    self.mask = mask?.array(of: Double.self) ?? []
    self.isBool = isBool
    self.sizes = sizes
    self.counts = counts
    self.attention = attention
    var steps = [0, 0, 0]
    length = mask?.shape.extents.last ?? 0
    if let shape = mask?.shape {
      for axis in 0..<shape.rank - 1 where shape[axis] != 1 { steps[axis + 4 - shape.rank] = shape.strides[axis] }
    }
    self.steps = steps
  }

  func value(_ line: Int, _ key: Int) -> Double {
    let (query, head) = (line % sizes.queries, line / sizes.queries)
    let batch = head / sizes.heads
    let count = counts.map { $0[batch] }
    if let count, key >= count { return -.infinity }
    // Where the query stands among the keys.
    let place = query &+ (count.map { $0 &- sizes.queries } ?? sizes.past)
    if attention.isCausal, key > place { return -.infinity }
    if let left = attention.leftWindow, place &- left > key { return -.infinity }
    if let right = attention.rightWindow, place &+ right < key { return -.infinity }
    if steps.isEmpty || length == 0 && mask.isEmpty { return 0 }
    guard key < length else { return -.infinity }
    let number = mask[batch * steps[0] + head % sizes.heads * steps[1] + query * steps[2] + key]
    return isBool ? (number == 0 ? -.infinity : 0) : number
  }
}
