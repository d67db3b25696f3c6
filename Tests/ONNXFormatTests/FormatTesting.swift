import Foundation
import ModelGraph
import Testing

/// The code that `body` throws.
func code(_ body: () throws -> Void) -> Code? {
  do {
    try body()
    return nil
  } catch {
    return (error as? GraphError)?.code
  }
}

/// Small numbers with a fixed pattern.
func ramp(_ shape: Shape, step: Float = 0.125) throws -> Tensor {
  try Tensor(shape, (0..<shape.count).map { Float($0 % 17) * step - 1 })
}

enum FileBytes {
  static func read(_ path: String) -> Data? { try? Data(contentsOf: URL(fileURLWithPath: path)) }

  static func count(of part: [UInt8], in bytes: [UInt8]) -> Int {
    bytes.indices.filter { bytes[$0...].starts(with: part) }.count
  }
}
