import ModelGraph
import Testing

@Suite struct AttentionTests {
  /// Two queries and two keys of one element each, whose scores are ln of small numbers.
  private let (q, k, v): (Tensor, Tensor, Tensor)

  init() throws {
    q = try Tensor([1, 1, 2, 1], [Float(1), 2])
    k = try Tensor([1, 1, 2, 1], [Float(0), 0.6931472])
    v = try Tensor([1, 1, 2, 1], [Float(0), 30])
  }

  @Test func valuesAreWeightedByTheSoftmaxOfScores() throws {
    let plain = try operation("Attention", opset: 23)
    #expect(isClose(try run(plain, [q, k, v]).doubles, [20, 24], tolerance: 1e-5))
    let halved = try operation("Attention", opset: 23, .float("scale", 0.5))
    #expect(isClose(try run(halved, [q, k, v]).doubles, [30 * (1 - 1 / (1 + 2.0.squareRoot())), 20], tolerance: 1e-5))
    let causal = try operation("Attention", opset: 23, .int("is_causal", 1))
    #expect(isClose(try run(causal, [q, k, v]).doubles, [0, 24], tolerance: 1e-5))
    let shares = try operation("Attention", opset: 23, .int("is_causal", 1), .int("qk_matmul_output_mode", 3))
    #expect(isClose(try run(shares, [q, k, v], output: 3).doubles, [1, 0, 0.2, 0.8], tolerance: 1e-5))
  }

  @Test func masksAndPadding() throws {
    let plain = try operation("Attention", opset: 24)
    let mask = try Tensor([2, 2], [true, true, false, false])
    #expect(isClose(try run(plain, [q, k, v, mask]).doubles, [20, 0], tolerance: 1e-5))
    // A mask of fewer keys hides the rest.
    #expect(isClose(try run(plain, [q, k, v, try Tensor([1, 1], [Float(5)])]).doubles, [0, 0]))
    let added = try Tensor([1, 2], [Float(0.6931472), 0])
    #expect(isClose(try run(plain, [q, k, v, added]).doubles, [15, 20], tolerance: 1e-5))
    let counts = try Tensor([1], [Int64(1)])
    #expect(isClose(try run(plain, [q, k, v, nil, nil, nil, counts]).doubles, [0, 0]))
    let many = try Tensor([1], [Int64.max])
    #expect(isClose(try run(plain, [q, k, v, nil, nil, nil, many]).doubles, [20, 24], tolerance: 1e-5))
  }

  @Test func pastKeysStandFirst() throws {
    let causal = try operation("Attention", opset: 23, .int("is_causal", 1))
    let (past, pastValue) = (try Tensor([1, 1, 1, 1], [Float(0)]), try Tensor([1, 1, 1, 1], [Float(12)]))
    let inputs = [q, k, v, nil, past, pastValue]
    #expect(isClose(try run(causal, inputs).doubles, [6, 22], tolerance: 1e-5))
    #expect(isClose(try run(causal, inputs, output: 1).doubles, [0, 0, 0.6931472]))
    #expect(try run(causal, inputs, output: 2).doubles == [12, 0, 30])
    #expect(refusal(causal, [Fact(q), Fact(k), Fact(v), nil, Fact(past)])?.code == .wrongArity)
  }

  @Test func headsShareKeysAndThreeAxesHoldThem() throws {
    let grouped = try operation("Attention", opset: 23, .int("q_num_heads", 2), .int("kv_num_heads", 1))
    let queries = try Tensor([1, 1, 2], [Float(1), 2])
    let keys = try k.reshaped([1, 2, 1])
    let values = try v.reshaped([1, 2, 1])
    #expect(isClose(try run(grouped, [queries, keys, values]).doubles, [20, 24], tolerance: 1e-5))
    #expect(try run(grouped, [queries, keys, values], output: 1).shape == [1, 1, 2, 1])
    let unknown = try operation("Attention", opset: 23)
    #expect(refusal(unknown, [Fact(queries), Fact(keys), Fact(values)])?.code == .badAttribute)
    #expect(refusal(unknown, [Fact(q), Fact(k), Fact(.float32, [1, 1, 3, 1])])?.code == .shapeMismatch)
    #expect(refusal(unknown, [Fact(q), Fact(k), Fact(v), Fact(.bool, [3, 2])])?.code == .shapeMismatch)
    #expect(throws: GraphError.self) { try operation("Attention", opset: 23, .int("qk_matmul_output_mode", 4)) }
  }

  @Test func windows() throws {
    let window = try operation("Attention", opset: 25, .int("left_window_size", 0), .int("right_window_size", 0))
    #expect(isClose(try run(window, [q, k, v]).doubles, [0, 30]))
    #expect(throws: GraphError.self) { try operation("Attention", opset: 24, .int("left_window_size", 0)) }
  }

  @Test func rotaryEmbeddingTurnsPairs() throws {
    let x = try Tensor([1, 1, 1, 6], [Float(1), 2, 3, 4, 5, 6])
    let (cosines, sines) = (try Tensor([1, 2], [Float(0), 1]), try Tensor([1, 2], [Float(1), 0]))
    let place = try Tensor([1, 1], [Int64(0)])
    let halves = try operation("RotaryEmbedding", opset: 23, .int("rotary_embedding_dim", 4))
    #expect(try run(halves, [x, cosines, sines, place]).doubles == [-3, 2, 1, 4, 5, 6])
    let neighbours = try operation(
      "RotaryEmbedding", opset: 23, .int("rotary_embedding_dim", 4), .int("interleaved", 1))
    #expect(try run(neighbours, [x, cosines, sines, place]).doubles == [-2, 1, 3, 4, 5, 6])
    let beyond = try Tensor([1, 1], [Int64(1)])
    #expect(throws: GraphError.self) { try halves.evaluate([x, cosines, sines, beyond]) }
    #expect(refusal(halves, [Fact(x), Fact(cosines), Fact(sines)])?.code == .shapeMismatch)
  }
}
