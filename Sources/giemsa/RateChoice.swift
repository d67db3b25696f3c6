import ArgumentParser
import Foundation
import Training

/// `--lr`: one highest rate, or one for each group of layers, as fastai's `slice` gives them.
enum RateChoice: ExpressibleByArgument, Equatable, CustomStringConvertible {
  /// `1e-3`: all groups alike.
  case one(Double)
  /// `1e-6:1e-4`: from the first group to the head, in equal ratios.
  case span(Double, Double)
  /// `:1e-3`: the head, and a tenth of it for the rest.
  case head(Double)
  /// `auto`: what find-lr suggests.
  case auto

  init?(argument: String) {
    if argument == "auto" {
      self = .auto
      return
    }
    func rate(_ text: Substring) -> Double? {
      guard let rate = Double(text), rate > 0, rate <= 100 else { return nil }
      return rate
    }
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    switch parts.count {
    case 1:
      guard let value = rate(parts[0]) else { return nil }
      self = .one(value)
    case 2:
      guard let last = rate(parts[1]) else { return nil }
      if parts[0].isEmpty {
        self = .head(last)
      } else {
        guard let first = rate(parts[0]) else { return nil }
        self = .span(first, last)
      }
    default: return nil
    }
  }

  var description: String {
    switch self {
    case .one(let rate): "\(rate)"
    case .span(let first, let last): "\(first):\(last)"
    case .head(let rate): ":\(rate)"
    case .auto: "auto"
    }
  }

  var defaultValueDescription: String { description }

  /// One for each group; nil where it has to be searched for first.
  var rates: [Double]? {
    let last = LayerGroups.count - 1
    switch self {
    case .one(let rate): return [Double](repeating: rate, count: last + 1)
    case .head(let rate): return [Double](repeating: rate / 10, count: last) + [rate]
    case .span(let first, let end):
      return (0...last).map { $0 == last ? end : first * pow(end / first, Double($0) / Double(last)) }
    case .auto: return nil
    }
  }
}
