import ArgumentParser
import Foundation
import Training

/// The value of `--lr`: one maximum rate, or one per group of layers like fastai's `slice`.
enum RateChoice: Equatable, CustomStringConvertible {
  /// `1e-3`: the same for all groups.
  case one(Double)
  /// `1e-6:1e-4`: geometric from the first group to the head.
  case span(Double, Double)
  /// `:1e-3`: for the head; a tenth of it for the other groups.
  case head(Double)
  /// `auto`: the rate that find-lr suggests.
  case auto

  /// Parses the command line's argument; throws a description of what is wrong with it.
  init(_ argument: String) throws {
    if argument == "auto" {
      self = .auto
      return
    }
    func rate(_ text: Substring) throws -> Double {
      guard let rate = Double(text) else { throw ValidationError("'\(text)' is not a number, a range A:B or auto") }
      guard rate > 0, rate <= 100 else { throw ValidationError("a rate must be above 0 and at most 100") }
      return rate
    }
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    switch parts.count {
    case 1: self = .one(try rate(parts[0]))
    case 2 where parts[0].isEmpty: self = .head(try rate(parts[1]))
    case 2: self = .span(try rate(parts[0]), try rate(parts[1]))
    default: throw ValidationError("one rate, or two with a colon between them")
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

  /// One rate per group; nil for `auto`, where a search has to find it first.
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
