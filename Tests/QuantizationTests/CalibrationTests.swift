import Foundation
import ModelGraph
import Quantization
import TestSupport
import Testing

@Suite struct CalibrationTests {
  private func statistics(_ values: [Float]) -> ActivationStatistics {
    var statistics = ActivationStatistics()
    values.withUnsafeBufferPointer {
      statistics.widen($0)
      statistics.tally($0)
    }
    return statistics
  }

  /// Sums of twelve uniform numbers: close to a normal distribution.
  private func bell(_ count: Int) -> [Float] {
    var noise = Noise(3)
    return (0..<count).map { _ in (0..<12).reduce(Float(0)) { sum, _ in sum + noise.float() } / 2 }
  }

  private func error(_ grid: ActivationGrid, _ values: [Float]) -> Double {
    values.reduce(0) { $0 + Double(($1 - grid.nearest($1)) * ($1 - grid.nearest($1))) } / Double(values.count)
  }

  @Test func aGridHoldsZeroAndItsEnds() {
    for (low, high) in [(Float(-1), Float(2)), (0, 5), (-3, 0), (0.5, 2), (-2, -1), (0, 0), (-1e-30, 1e-30)] {
      let grid = ActivationGrid(low: low, high: high)
      #expect(grid.nearest(0) == 0)
      #expect(grid.scale > 0)
      #expect(grid.low <= 0 && grid.high >= 0)
      if high - low > 1e-6 {
        #expect(abs(grid.nearest(max(high, 0)) - max(high, 0)) <= grid.scale)
        #expect(abs(grid.nearest(min(low, 0)) - min(low, 0)) <= grid.scale)
      }
    }
    #expect(ActivationGrid(low: 0, high: 5).zero == 0)
  }

  /// 0.5 between two integers would be rounded by each engine's last bit (0.5 · 255 = 127.5).
  @Test func theMiddleOfAGateIsAnInteger() {
    for high in [Float(1), 0.9999, 1.001, 0.9981] {
      let grid = ActivationGrid(low: 0, high: high)
      #expect(grid.nearest(0.5) == 0.5 && grid.nearest(1) == 1)
      for ulp in [Float(0.5).nextDown, Float(0.5).nextUp] { #expect(grid.nearest(ulp) == 0.5) }
    }
    let (gate, values) = (ActivationGrid(low: 0, high: 1), ActivationGrid(low: -0.4, high: 6))
    let product = values.product(of: [values, gate])
    for integer in stride(from: 1, through: 255, by: 2) {
      let place = 0.5 * Float(integer) * values.scale / product.scale
      #expect(abs(place - place.rounded(.down) - 0.5) > 5e-4)
    }
    #expect(product.zero == values.zero && values.product(of: [values, values]) == values)
    let narrow = ActivationGrid(low: 0, high: 3)
    #expect(narrow.product(of: [gate, values]) == narrow)
    #expect(ActivationGrid(low: -1, high: 1).scale == Float(2) / 255)
    #expect(ActivationGrid(low: 0, high: 0.9).scale == Float(0.9) / 255)
  }

  @Test func minmaxKeepsEverything() {
    let values: [Float] = [-2, 0, 1, 7]
    let grid = CalibrationMethod.minmax.grid(statistics(values))
    #expect(abs(grid.low + 2) < 0.04)
    #expect(abs(grid.high - 7) < 0.04)
  }

  /// One outlier in 50,000 elements, a hundred times the others, must not determine the step size.
  @Test(arguments: [CalibrationMethod.percentile, .entropy]) func outliersAreClipped(_ method: CalibrationMethod) {
    let grid = method.grid(statistics(bell(50_000) + [400]))
    #expect(grid.high < 120, "\(method) keeps \(grid.high)")
    #expect(grid.low < -1.5, "\(method) keeps \(grid.low)")
  }

  @Test func leastErrorIsLeast() {
    let values = bell(40_000)
    let found = statistics(values)
    let errors = CalibrationMethod.allCases.map { error($0.grid(found), values) }
    let mse = error(CalibrationMethod.mse.grid(found), values)
    for other in errors { #expect(mse <= other * 1.05) }
  }

  @Test(arguments: CalibrationMethod.allCases) func rectifiedValuesStartAtZero(_ method: CalibrationMethod) {
    let grid = method.grid(statistics(bell(20_000).map { max(0, $0) }))
    #expect(grid.zero == 0)
    #expect(grid.high > 1)
  }

  @Test(arguments: CalibrationMethod.allCases) func oddDistributionsHaveGrids(_ method: CalibrationMethod) {
    for values in [[Float(0), 0, 0], [3, 3, 3], [-1], [0, 1e-38], [-5, 5], [1e30, -1e30]] as [[Float]] {
      let grid = method.grid(statistics(values))
      #expect(grid.scale > 0 && grid.scale.isFinite, "\(method) \(values)")
      #expect(grid.nearest(0) == 0)
    }
  }

  @Test func whatIsNotFiniteIsNoticed() {
    for odd in [Float.nan, .infinity, -.infinity] { #expect(!statistics([1, odd, 2]).isFinite) }
    #expect(statistics([1, 2]).isFinite)
  }
}
