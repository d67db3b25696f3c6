import Foundation
import Giemsa
import ModelGraph
import ONNXFormat
import Validation

extension FuzzTarget {
  /// A model file: every finding of `validate`, then the optimised plan, then a run.
  static let model = FuzzTarget(
    name: "model",
    seeds: { [unreadInput] },
    // Beyond what the file has there may be a plan and its packed weights.
    memory: (16 << 20) + 4 * runBytes, isMessage: true
  ) { bytes in
    for name in ["weights.bin", "E115-data.bin"] where !hasData {
      Scratch.write([UInt8](repeating: 1, count: 400), to: name)
    }
    hasData = true
    let path = Scratch.write(bytes, to: "model.onnx")
    var budgets = Budgets()
    budgets.multiplyAdds = multiplyAdds
    var limits = Limits.standard
    limits.memoryBytes = runBytes
    let findings = Validator.findings(path: path, limits: limits, budgets: budgets)
    for finding in findings { _ = finding.text.utf8.count }
    // Larger than what a thousand runs a second have time for.
    if findings.contains(where: { $0.code == .overMultiplyAdds }) { return }

    var options = Model.Options()
    options.limits = limits
    options.pictureSize = (8, 8)
    options.exact = bytes.count % 2 == 0
    options.memory = [.small, .balanced, .fast][bytes.count % 3]
    let session = try Model(contentsOf: path, options: options).makeSession()
    var inputs: [Tensor] = []
    for (port, shape) in zip(session.model.inputs, session.inputShapes) {
      inputs.append(try pattern(port.type, shape, seed: inputs.count))
    }
    _ = try session.run(inputs)
  }

  /// Shape of an input of 48 MiB, which it does not read.
  private static let unreadInput = [UInt8](
    Data(
      base64Encoded: "CA0SDGJhY2tlbmQtdGVzdDpACg0KAXgSAXkiBVNoYXBlEhJ0ZXN0X3NoYXBlX2V4YW1wbGVaFgoBeBIRCg8IARILCgUI"
        + "g4CAAgoCCANiAwoBeUIECgAQGQ==") ?? Data())

  /// Bytes that a plan may take for a picture, and multiply-adds of a run.
  private static let runBytes = 1 << 20
  private static let multiplyAdds = 1 << 18
  nonisolated(unsafe) private static var hasData = false

  /// Small numbers of both signs; of floats now and then one that is none.
  private static func pattern(_ type: ElementType, _ shape: Shape, seed: Int) throws -> Tensor {
    var tensor = try Tensor(zeros: shape, type: type)
    tensor.withMutableBytes { memory in
      switch type {
      case .float32:
        for (index, place) in stride(from: 0, to: memory.count, by: 4).enumerated() {
          let number = Float((index &* 7 &+ seed) % 13 - 6) / 4
          memory.storeBytes(of: index % 251 == 250 ? .infinity : number, toByteOffset: place, as: Float.self)
        }
      case .float64:
        for (index, place) in stride(from: 0, to: memory.count, by: 8).enumerated() {
          memory.storeBytes(of: Double((index &* 7 &+ seed) % 13 - 6) / 4, toByteOffset: place, as: Double.self)
        }
      case .bool: for index in memory.indices { memory[index] = UInt8(index % 2) }
      default:
        // Integers -2 to 2 or 0 to 3, indices too; 16-bit floats as they come.
        let size = type.byteCount
        for (index, place) in stride(from: 0, to: memory.count, by: size).enumerated() {
          let number = (index &+ seed) % 5 - 1
          for byte in 0..<size { memory[place + byte] = UInt8(truncatingIfNeeded: number >> (8 * byte)) }
        }
      }
    }
    return tensor
  }
}
