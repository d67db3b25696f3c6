import Giemsa
import Testing

@Suite struct SessionTests {
  private let a: Tensor
  private let b: Tensor

  init() throws {
    a = try Tensor([1, 4], [1, 2, 3, 4] as [Float])
    b = try Tensor([1, 4], [5, 6, 7, 8] as [Float])
  }

  @Test func `tensors go by position or by name`() throws {
    let session = try Model(contentsOf: Fixture.twoInputs).makeSession()
    let results = try session.run([a, b])
    #expect(results[0].array(of: Float.self) == [6, 8, 10, 12])
    let named = try session.run(["b": b, "a": a])
    #expect(named["product"]?.array(of: Float.self) == [5, 12, 21, 32])
    #expect(code { () throws(GraphError) in _ = try session.run(["a": a]) } == .badInput)
    #expect(message { () throws(GraphError) in _ = try session.run(["a": a, "b": b, "c": a]) }.contains("'c'"))
  }

  @Test func `results go where the caller wants them`() throws {
    let session = try Model(contentsOf: Fixture.twoInputs).makeSession()
    var results = try session.run([b, b])
    try session.run([a, b], into: &results)
    #expect(results[1].array(of: Float.self) == [5, 12, 21, 32])

    let (first, second): ([Float], [Float]) = ([1, 2, 3, 4], [5, 6, 7, 8])
    var (sum, product) = ([Float](repeating: 0, count: 4), [Float](repeating: 0, count: 4))
    try first.withUnsafeBytes { a in
      try second.withUnsafeBytes { b in
        try sum.withUnsafeMutableBytes { sum in
          try product.withUnsafeMutableBytes { product in
            try session.run(inputs: [a, b], outputs: [sum, product])
            #expect(
              code { () throws(GraphError) in try session.run(inputs: [a], outputs: [sum, product]) } == .badInput)
            #expect(code { () throws(GraphError) in try session.run(inputs: [a, b], outputs: [sum]) } == .badInput)
            let short = UnsafeRawBufferPointer(rebasing: a[..<12])
            #expect(
              message { () throws(GraphError) in try session.run(inputs: [short, b], outputs: [sum, product]) }
                .contains("16 bytes; the buffer has 12"))
          }
        }
      }
    }
    #expect(sum == [6, 8, 10, 12] && product == [5, 12, 21, 32])
  }

  @Test func `a shape that only a run finds`() throws {
    let model = try Model(contentsOf: Fixture.late)
    #expect(model.outputs[0].dimensions.count == 2 && model.outputs[0].type == .float32)
    let session = try model.makeSession()
    #expect(session.outputShapes == [nil, [1, 6]])
    let x = try Tensor([1, 6], [-1, 2, -3, 4, -5, 6] as [Float])
    for (target, shape) in [([2, 3], [2, 3]), ([-1, 1], [6, 1])] as [([Int64], Shape)] {
      let results = try session.run([x, try Tensor([2], target)])
      #expect(results[0].shape == shape && results[0].array(of: Float.self) == [1, 3, 1, 5, 1, 7])
      #expect(results[1].array(of: Float.self) == [0, 2, 0, 4, 0, 6])
    }
    // Room from a run of another shape.
    var results = try session.run([x, try Tensor([2], [1, 6] as [Int64])])
    try session.run([x, try Tensor([2], [3, 2] as [Int64])], into: &results)
    #expect(results[0].shape == [3, 2])
    let wrong = try Tensor([2], [4, 4] as [Int64])
    #expect(message { () throws(GraphError) in _ = try session.run([x, wrong]) }.contains("node 'reshape' (Reshape)"))
    let bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    #expect(
      message { () throws(GraphError) in try session.run(inputs: [bytes, bytes], outputs: []) }
        .contains("output 'reshaped' has a shape that only a run finds"))
  }

  @Test func `the branch of an If whose condition is known`() throws {
    let session = try Model(contentsOf: Fixture.branches).makeSession()
    #expect(session.outputShapes == [[1, 3]])
    #expect(session.steps.map { $0.kernel }.allSatisfy { $0 != "reference" })
    #expect(try session.run([try Tensor([1, 3], [-1, 0, 2] as [Float])])[0].array(of: Float.self) == [0, 0, 2])
  }

  @Test func `an If whose condition is an input`() throws {
    let session = try Model(contentsOf: Fixture.lateBranches).makeSession()
    #expect(session.outputShapes == [nil])
    let x = try Tensor([1, 3], [-1, 0, 2] as [Float])
    for (condition, y) in [(true, [0, 1, 3]), (false, [0, 0, 2])] as [(Bool, [Float])] {
      #expect(try session.run([x, try Tensor([1], [condition])])[0].array(of: Float.self) == y)
    }
  }

  @Test func `an output that is a constant is written where the caller wants it`() throws {
    let session = try Model(contentsOf: Fixture.ports).makeSession()
    let data = try Tensor([3], [0, 1, 2] as [Float])
    let index = try Tensor([2], [2, 0] as [Int64])
    var results = try session.run([data, index])
    let known = results[1].array(of: Float.self)
    #expect(known != [0, 0] && results[2].array(of: Bool.self) == [false, true, true])

    results[1] = try Tensor(zeros: [2])
    try session.run([data, index], into: &results)
    #expect(results[0].array(of: Float.self) == [2, 0] && results[1].array(of: Float.self) == known)

    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 48, alignment: 16)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt8.self, repeating: 0)
    let pieces = [0..<8, 16..<24, 32..<35].map { UnsafeMutableRawBufferPointer(rebasing: memory[$0]) }
    try data.withBytes { data in try index.withBytes { try session.run(inputs: [data, $0], outputs: pieces) } }
    #expect(Array(pieces[1].bindMemory(to: Float.self)) == known)
  }

  @Test func `memory that is not aligned is refused`() throws {
    let session = try Model(contentsOf: Fixture.twoInputs).makeSession()
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 16)
    defer { memory.deallocate() }
    let crooked = UnsafeMutableRawBufferPointer(rebasing: memory[1..<17])
    let straight = UnsafeMutableRawBufferPointer(rebasing: memory[32..<48])
    #expect(
      message { () throws(GraphError) in
        try session.run(
          inputs: [UnsafeRawBufferPointer(crooked), UnsafeRawBufferPointer(straight)], outputs: [straight, straight])
      }.contains("aligned"))
  }

  @Test func `a session takes another shape, and keeps its own if it cannot`() throws {
    let session = try Model(contentsOf: Fixture.open).makeSession(inputShapes: [[1, 3, 8, 8]])
    let input = try Tensor([1, 3, 8, 8], Fixture.pixels)
    #expect(near(try session.run([input])[0].array(of: Float.self), Fixture.scores))
    try session.reshape(to: [[2, 3, 16, 12]])
    #expect(session.outputShapes == [[2, 2]])
    #expect(code { () throws(GraphError) in _ = try session.run([input]) } == .badInput)
    #expect(code { () throws(GraphError) in try session.reshape(to: [[2, 5, 16, 12]]) } == .badInput)
    #expect(session.inputShapes == [[2, 3, 16, 12]])
    try session.reshape(to: [[1, 3, 8, 8]])
    #expect(near(try session.run([input])[0].array(of: Float.self), Fixture.scores))
  }
}
