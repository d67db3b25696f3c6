import ModelGraph
import Testing

@Suite struct ShapeTests {
  @Test func broadcastFollowsNumPy() {
    #expect(Shape.broadcast([3, 1, 5], [4, 1]) == [3, 4, 5])
    #expect(Shape.broadcast([2], [3]) == nil)
  }
}
