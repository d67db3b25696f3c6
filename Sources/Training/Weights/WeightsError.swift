/// Why a file of weights cannot be used, in one line.
public struct WeightsError: Error, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
