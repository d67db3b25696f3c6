import Datasets
import Testing

@Suite struct RandomSourceTests {
  /// Values of the reference C code of xoshiro256**, seeded by splitmix64(0).
  @Test func followsTheReference() {
    var source = RandomSource(seed: 0)
    #expect(source.next() == 0x99EC_5F36_CB75_F2B4)
    #expect(source.next() == 0xBF6E_1F78_4956_452A)
    #expect(source.next() == 0x1A5F_849D_4933_E6E0)
  }

  @Test func sameSeedSameNumbers() {
    var (a, b, c) = (RandomSource(seed: 7), RandomSource(seed: 7), RandomSource(seed: 8))
    let first = (0..<100).map { _ in a.normal() }
    #expect(first == (0..<100).map { _ in b.normal() })
    #expect(first != (0..<100).map { _ in c.normal() })
  }

  @Test func normalsHaveUnitVariance() {
    var source = RandomSource(seed: 1)
    var values = [Float](repeating: 0, count: 1_000_001)
    values.withUnsafeMutableBufferPointer { source.fillNormal($0, deviation: 2) }
    let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
    let variance = values.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(values.count)
    #expect(abs(mean) < 0.01)
    #expect(abs(variance - 4) < 0.02)
  }

  @Test func boundedDrawsStayInBounds() {
    var source = RandomSource(seed: 3)
    var seen = [Int](repeating: 0, count: 7)
    for _ in 0..<7000 { seen[source.index(below: 7)] += 1 }
    #expect(seen.allSatisfy { $0 > 800 && $0 < 1200 })
    #expect(source.permutation(50).sorted() == Array(0..<50))
  }
}
