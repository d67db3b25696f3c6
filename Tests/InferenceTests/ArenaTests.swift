import Inference
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

  @Test(arguments: [60, 5000], [0, 64]) func buffersAliveTogetherShareNoByte(_ count: Int, _ spacing: Int) {
    for secondLives in [false, true] {
      var placed = buffers(count, seed: count + spacing, secondLives: secondLives)
      let arena = Arena(placing: &placed, spacing: spacing)
      for (index, a) in placed.enumerated() where a.byteCount > 0 {
        #expect(a.offset % 64 == 0)
        #expect(a.offset + a.byteCount + spacing <= arena.byteCount)
        for b in placed[(index + 1)...] where b.byteCount > 0 && meet(a, b) {
          #expect(a.offset + a.byteCount + spacing <= b.offset || b.offset + b.byteCount + spacing <= a.offset)
        }
      }
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
