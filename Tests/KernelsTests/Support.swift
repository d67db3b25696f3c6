import Kernels
import Testing
@_exported import TestSupport

/// The instruction sets this machine can run: every kernel is tested at each.
let instructionSets = instructionSets8.filter { kernels_level_base($0) == $0 }

/// Whether two lists agree to `tolerance`, absolute.
func expectEqual(_ found: [Float], _ expected: [Double], within tolerance: Double, _ what: @autoclosure () -> String) {
  #expect(found.count == expected.count)
  for (index, (a, b)) in zip(found, expected).enumerated() where !(abs(Double(a) - b) <= tolerance) {
    Issue.record("\(what()): element \(index) is \(a), should be \(b)")
    return
  }
}

/// `x` as a slice of a wider tensor: behind every `channels` floats NaNs, up to the `stride`-th.
func spread(_ x: [Float], channels: Int, stride: Int) -> [Float] {
  let gap = [Float](repeating: .nan, count: stride - channels)
  return Swift.stride(from: 0, to: x.count, by: channels).flatMap { x[$0..<$0 + channels] + gap }
}

/// The first `channels` of every `stride` floats, expecting that the others are NaN, as before a kernel wrote.
func slice(_ y: [Float], channels: Int, stride: Int) -> [Float] {
  #expect(y.indices.allSatisfy { $0 % stride < channels || y[$0].isNaN }, "written between pixels")
  return y.indices.filter { $0 % stride < channels }.map { y[$0] }
}
