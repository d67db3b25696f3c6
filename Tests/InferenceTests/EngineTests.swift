import AllocationCounter
import Inference
import ModelGraph
import TestSupport
import Testing

@Suite struct EngineTests {
  /// Conv → Relu → pool → Gemm, on pictures of `size`.
  private func network(batch: Dimension = .fixed(1)) throws -> Graph {
    var sketch = Sketch(seed: 1)
    let x = sketch.graph.addInput("x", Declaration(.float32, [batch, .fixed(3), .fixed(32), .fixed(32)]))
    let w = try sketch.constant([16, 3, 3, 3])
    let y = try sketch.node("FusedConv", [x, w], [.string("activation", "Relu")], domain: .microsoft)
    let z = try sketch.node("Conv", [try sketch.node("Sigmoid", [y]), try sketch.constant([32, 16, 3, 3])])
    let flat = try sketch.node("Flatten", [try sketch.node("GlobalAveragePool", [z])])
    sketch.output(try sketch.node("Gemm", [flat, try sketch.constant([32, 5])]))
    return sketch.graph
  }

  @Test(arguments: [1, 2]) func runningAllocatesNothing(_ threads: Int) throws {
    let engine = try Engine(try network(), options: EngineOptions(threads: threads, profile: true))
    var noise = Noise(1)
    let inputs = [try noise.tensor([1, 3, 32, 32])]
    var results = try engine.run(inputs)
    let before = allocation_count()
    for _ in 0..<10 { try engine.run(inputs, into: &results) }
    let after = allocation_count()
    #expect(after == before)
    // Check that the counter works.
    let more = try engine.run(inputs)
    #expect(allocation_count() > after)
    #expect(more[0].array(of: Float.self) == results[0].array(of: Float.self))
  }

  @Test func threadsGiveTheSameBytes() throws {
    var noise = Noise(2)
    let inputs = [try noise.tensor([1, 3, 32, 32])]
    let alone = try Engine(try network()).run(inputs)[0].array(of: Float.self)
    for threads in 2...5 {
      let engine = try Engine(try network(), options: EngineOptions(threads: threads))
      #expect(engine.threads == threads)
      for _ in 0..<20 { #expect(try engine.run(inputs)[0].array(of: Float.self) == alone) }
    }
  }

  @Test func symbolsAreBoundByTheShapesGiven() throws {
    let graph = try network(batch: .symbol("N"))
    let engine = try Engine(graph, inputShapes: [[3, 3, 32, 32]])
    #expect(engine.outputShapes == [[3, 5]])
    var noise = Noise(3)
    let input = try noise.tensor([3, 3, 32, 32])
    let found = try engine.run([input])[0].array(of: Float.self)
    let expected = try graph.evaluate([input])[0].array(of: Float.self)
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  @Test func wrongInputsAreRefused() throws {
    let engine = try Engine(try network())
    let small = try Tensor(zeros: [1, 3, 16, 16])
    #expect(throws: GraphError.self) { try engine.run([]) }
    #expect(throws: GraphError.self) { try engine.run([small]) }
    #expect(throws: GraphError.self) { try engine.run([try Tensor(zeros: [1, 3, 32, 32], type: .uint8)]) }
    #expect(throws: GraphError.self) { try Engine(try network(), inputShapes: []) }
    #expect(throws: GraphError.self) { try Engine(try network(), inputShapes: [[1, 4, 32, 32]]) }
  }

  @Test func buffersAreSharedByLiveness() throws {
    var sketch = Sketch(seed: 4)
    var x = sketch.input([1, 16, 32, 32])
    for _ in 0..<10 { x = try sketch.node("Conv", [x, try sketch.constant([16, 16, 1, 1])]) }
    sketch.output(x)
    let engine = try Engine(sketch.graph)
    // At most two of the eleven activations are alive at a time, plus a little scratch memory.
    #expect(engine.activationBytes < 3 * 16 * 32 * 32 * 4)
    try sketch.check()
  }

  @Test func originalsOfWeightsAreLetGo() throws {
    // Set when the tensor is freed, in this thread.
    final class Flag: @unchecked Sendable { var isReleased = false }
    let flag = Flag()
    func engine() throws -> Engine {
      let shape: Shape = [8, 4, 1, 1]
      let memory = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 64)
      memory.initializeMemory(as: UInt8.self, repeating: 0, count: 128)
      let storage = Storage(adopting: memory, byteCount: 128) { _ in flag.isReleased = true }
      var sketch = Sketch(seed: 5)
      let w = sketch.constant(try Tensor(type: .float32, shape: shape, storage: storage))
      sketch.output(try sketch.node("Conv", [sketch.input([1, 4, 3, 3]), w]))
      return try Engine(sketch.graph)
    }
    let planned = try engine()
    #expect(flag.isReleased)
    #expect(planned.weightBytes > 0)
  }

  /// An engine in a thread of its own.
  private final class Lane: @unchecked Sendable {
    let engine: Engine
    var answers: [[Float]] = []

    init(_ plan: Plan) throws { engine = try Engine(plan) }

    func run(_ inputs: [[Tensor]]) throws {
      for input in inputs { answers.append(try engine.run(input)[0].array(of: Float.self)) }
    }
  }

  @Test(arguments: [1, 2]) func enginesOfOnePlanRunAtTheSameTime(_ threads: Int) async throws {
    // With a step that reads a constant, which engines share too, and one that is run by definition.
    var graph = try network()
    let last = try #require(graph.outputs.first)
    let scale = graph.addConstant("scale", try Tensor([5], [1, 2, 3, 4, 5] as [Float]))
    let reduction = try Operator(named: "ReduceProd", domain: .onnx, inputCount: 1, [.flag("keepdims", true)])
    let product = graph.add(.mul(Mul()), "product", [last, scale])
    graph.outputs = [graph.add(reduction, "all", [product])]
    var noise = Noise(6)
    var inputs: [[Tensor]] = []
    for _ in 0..<10 { inputs.append([try noise.tensor([1, 3, 32, 32])]) }

    let plan = try Plan(graph, options: EngineOptions(threads: threads))
    var expected: [[Float]] = []
    let alone = try Engine(graph, options: EngineOptions(threads: threads))
    #expect(alone.profile.contains { $0.kernel == "reference" })
    for input in inputs { expected.append(try alone.run(input)[0].array(of: Float.self)) }

    let lanes = try (0..<3).map { _ in try Lane(plan) }
    for lane in lanes {
      #expect(lane.engine.plan === plan)
      #expect(lane.engine.weightBytes == alone.weightBytes)
      #expect(lane.engine.activationBytes == alone.activationBytes)
    }
    let pictures = inputs
    try await withThrowingTaskGroup(of: Void.self) { group in
      for lane in lanes { group.addTask { for _ in 0..<5 { try lane.run(pictures) } } }
      try await group.waitForAll()
    }
    for lane in lanes {
      for (index, answer) in lane.answers.enumerated() { #expect(answer == expected[index % inputs.count]) }
    }
  }

  @Test func anotherEngineOfAPlanTakesActivationsOnly() throws {
    var sketch = Sketch(seed: 8)
    let w = try sketch.constant([128, 128, 3, 3])
    sketch.output(try sketch.node("Conv", [sketch.input([1, 128, 4, 4]), w]))
    let before = allocated_bytes()
    let plan = try Plan(sketch.graph)
    let packed = allocated_bytes() - before
    let engine = try Engine(plan)
    let added = allocated_bytes() - before - packed
    #expect(plan.weightBytes >= 128 * 128 * 9 * 4)
    #expect(packed >= plan.weightBytes)
    #expect(added >= engine.activationBytes)
    #expect(added < engine.activationBytes + (64 << 10))
  }
}
