import ModelGraph
import Testing

@Suite struct EinsumTests {
  private func einsum(_ equation: String, _ operands: Tensor...) throws -> Tensor {
    try run(operation("Einsum", .string("equation", equation)), operands)
  }

  @Test func productsAndSums() throws {
    let a = try counting([2, 3])
    let b = try counting([3, 2])
    #expect(try einsum("ij, jk -> ik", a, b).doubles == [10, 13, 28, 40])
    #expect(try einsum("ij,jk", a, b).doubles == [10, 13, 28, 40])
    // Implied axes are in the order of their letters.
    #expect(try einsum("ba", a).shape == [3, 2])
    #expect(try einsum("ij->", a).doubles == [15])
    #expect(try einsum("ij->j", a).doubles == [3, 5, 7])
    #expect(try einsum("i,j->ij", try counting([2]), try counting([3])).doubles == [0, 0, 0, 0, 1, 2])
    #expect(try einsum("ij,jk,kl->il", a, b, try counting([2, 1], from: 1)).doubles == [36, 108])
  }

  @Test func diagonals() throws {
    let square = try counting([2, 2])
    #expect(try einsum("ii->i", square).doubles == [0, 3])
    #expect(try einsum("ii", square).doubles == [3])
  }

  @Test func ellipsesBroadcast() throws {
    let stack = try counting([2, 1, 2])
    #expect(try einsum("...ij,...jk->...ik", stack, try Tensor([2, 1], [Float(1), 1])).doubles == [1, 5])
    #expect(try einsum("...i->...", stack).shape == [2, 1])
    #expect(try einsum("i...->...i", stack).shape == [1, 2, 2])
    // An axis of extent 1 is broadcast, also where its like comes later.
    let one = try Tensor([1], [Float(2)])
    #expect(try einsum("i,j,i->i", one, try counting([2], from: 1), try counting([3])).doubles == [0, 6, 12])
    #expect(try einsum("ij->", try counting([0, 3])).doubles == [0])
  }

  @Test func integersWrapAround() throws {
    let bytes = try Tensor([2], [UInt8(200), 100])
    #expect(try einsum("i,i->", bytes, try Tensor([2], [UInt8(2), 1])).ints == [500 % 256])
    #expect(try einsum("i->i", bytes).type == .uint8)
  }

  @Test func equationsThatAreNone() throws {
    for equation in ["ij,jk->ik->i", "i..j", "i....", "ij-k", "i>j", "i1", "...i...", "i,j-", "i.."] {
      #expect(throws: GraphError.self) { try operation("Einsum", .string("equation", equation)) }
    }
    #expect(throws: GraphError.self) { try operation("Einsum") }
    let fact = Fact(.float32, [2, 3])
    for (equation, count) in [("ij,jk", 1), ("i", 1), ("ijk", 1), ("ii", 1), ("ij->k", 1), ("ij->ii", 1), ("...->", 1)]
    {
      let operation = try operation("Einsum", .string("equation", equation))
      #expect(refusal(operation, [Fact?](repeating: fact, count: count))?.code == .shapeMismatch)
    }
    #expect(
      refusal(try operation("Einsum", .string("equation", "ij,ij")), [fact, Fact(.int8, [2, 3])])?.code == .typeMismatch
    )
  }
}
