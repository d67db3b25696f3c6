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
