import Foundation
import Testing
import Training

/// Optimisers and schedule against PyTorch's numbers (Fixtures/gradients/optimizers.txt).
@Suite struct OptimizerTests {
  @Test(arguments: ["adamw", "sgd"]) func followsPyTorch(_ rule: String) throws {
    let text = try String(contentsOfFile: "\(Golden.folder)/optimizers.txt", encoding: .utf8)
    let lines = text.split(separator: "\n").filter { $0.hasPrefix(rule + " ") }
      .map { $0.split(separator: " ").dropFirst().compactMap { Float($0) } }
    #expect(lines.count == 10)
    let schedule = OneCycle(maximumRate: 0.1, steps: 10)
    let optimizer = rule == "sgd" ? Optimizer.sgd() : .adamW()
    var weights: [Float] = [1, -2, 0.5, 3]
    var moments: [[Float]] = []
    for (step, line) in lines.enumerated() {
      let (rate, momentum) = schedule.values(at: step)
      #expect(abs(rate - line[1]) < 1e-6)
      #expect(abs(momentum - line[2]) < 1e-6)
      optimizer.apply(
        to: &weights, gradient: weights.map { $0 + cos($0) }, moments: &moments, step: step + 1, rate: rate,
        momentum: momentum)
      for (found, expected) in zip(weights, line[3...]) { #expect(abs(found - expected) < 2e-5) }
    }
  }

  @Test func oneCycleEnds() {
    let schedule = OneCycle(maximumRate: 3e-3, steps: 100)
    #expect(schedule.values(at: 0).rate == 3e-3 / 25)
    #expect(abs(schedule.values(at: 29).rate - 3e-3) < 1e-8)
    #expect(schedule.values(at: 99).rate < 2e-8)
    #expect(schedule.values(at: 1000).rate == schedule.values(at: 99).rate)
  }
}
