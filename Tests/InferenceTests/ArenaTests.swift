import Inference
import TestSupport
import Testing

@Suite struct ArenaTests {
  /// Whether two buffers are alive at some same step.
  private func meet(_ a: Arena.Buffer, _ b: Arena.Buffer) -> Bool {
    func spans(_ buffer: Arena.Buffer) -> [ClosedRange<Int>] {
      [buffer.firstStep...buffer.lastStep] + (buffer.again.map { [$0] } ?? [])
    }
    return spans(a).contains { span in spans(b).contains { $0.overlaps(span) } }
  }

  private func buffers(_ count: Int, seed: Int, secondLives: Bool) -> [Arena.Buffer] {
    var noise = Noise(seed)
    return (0..<count).map { _ in
      let first = noise.int(0...count)
      var buffer = Arena.Buffer(
        byteCount: noise.int(0...10) * 100, firstStep: first, lastStep: first + noise.int(0...6))
      if secondLives, noise.chance(3) {
        let again = buffer.lastStep + noise.int(2...30)
        buffer.again = again...again + noise.int(0...3)
      }
      return buffer
    }
  }

  @Test(arguments: [60, 4097], [0, 64]) func buffersAliveTogetherShareNoByte(_ count: Int, _ spacing: Int) {
    for secondLives in [false, true] {
      var placed = buffers(count, seed: count + spacing, secondLives: secondLives)
      let arena = Arena(placing: &placed, spacing: spacing)
      let wrong = placed.count { $0.offset % 64 != 0 || $0.offset + $0.byteCount + spacing > arena.byteCount }
      #expect(wrong == 0)
      // By offset, what shares bytes with a buffer follows it at once.
      let order = placed.filter { $0.byteCount > 0 }.sorted { $0.offset < $1.offset }
      var clashes = 0
      for (index, a) in order.enumerated() {
        for b in order[(index + 1)...] {
          if b.offset >= a.offset + a.byteCount + spacing { break }
          if meet(a, b) { clashes += 1 }
        }
      }
      #expect(clashes == 0)
    }
  }

  @Test func bytesAreFreeBetweenTwoLives() {
    var buffers = [
      Arena.Buffer(byteCount: 640, firstStep: 0, lastStep: 1, again: 8...9),
      Arena.Buffer(byteCount: 640, firstStep: 2, lastStep: 7),
    ]
    #expect(Arena(placing: &buffers).byteCount == 640)
    buffers[1].lastStep = 8
    #expect(Arena(placing: &buffers).byteCount == 1280)
  }
}
