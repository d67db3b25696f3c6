import Foundation
import ModelGraph
import ONNXFormat
import PictureModels
import TestSupport
import Testing

/// Damaged files are refused or read, but never end the program.
@Suite struct DamageTests {
  /// A varied model in 1 kB: shape arithmetic, convolution, concatenation, an old-style attribute, metadata.
  private func sample() throws -> [UInt8] {
    func ints(_ name: String, _ values: [Int]) -> Wire {
      values.reduce(Wire().text(1, name)) { $0.int(8, $1) }.int(20, 7)
    }
    func int(_ name: String, _ value: Int) -> Wire { Wire().text(1, name).int(3, value).int(20, 2) }
    let index = Wire.tensor("", type: 7, dims: []).data(9, [0, 0, 0, 0, 0, 0, 0, 0])
    let minus = Wire.tensor("minus", type: 7, dims: [1]).packed(7, [-1])
    let graph = Wire()
      .message(1, Wire.node("Cast", ["b"], ["wide"], [int("to", 1)]))
      .message(
        1, Wire.node("Conv", ["x", "w", "wide"], ["c"], [ints("pads", [1, 1, 1, 1]), ints("strides", [2, 2])])
      )
      .message(1, Wire.node("Shape", ["c"], ["s"]))
      .message(1, Wire.node("Constant", [], ["zero"], [Wire().text(1, "value").message(5, index).int(20, 4)]))
      .message(1, Wire.node("Gather", ["s", "zero"], ["n"], [int("axis", 0)]))
      .message(1, Wire.node("Unsqueeze", ["n"], ["n1"], [ints("axes", [0])]))
      .message(1, Wire.node("Concat", ["n1", "minus"], ["target"], [int("axis", 0)]))
      .message(1, Wire.node("Reshape", ["c", "target"], ["flat"]))
      .message(1, Wire.node("Transpose", ["flat"], ["t"], [ints("perm", [1, 0])]))
      .message(1, Wire.node("Pad", ["t"], ["p"], [ints("pads", [0, 1, 2, 0])]))
      .message(1, Wire.node("Slice", ["p"], ["y"], [ints("starts", [0]), ints("ends", [3]), ints("axes", [0])]))
      .text(2, "sample")
      .message(5, Wire.tensor("w", type: 1, dims: [2, 1, 3, 3]).data(9, [UInt8](repeating: 0x3E, count: 72)))
      .message(5, Wire.tensor("b", type: 10, dims: [2]).packed(5, [0x3C00, 0]))
      .message(5, minus)
      .message(5, Wire.tensor("aside", type: 1, dims: [64]).data(9, [UInt8](repeating: 0x3E, count: 256)))
      .message(11, Wire.declaration("x", type: 1, dims: [1, 1, 8, 8]))
      .message(12, Wire.declaration("y", type: 1, dims: [3, 2]))
    return Wire.model(graph, opset: 9).message(14, Wire().text(1, "giemsa.mean").text(2, "[0.5]")).bytes
  }

  /// Reads, and checks the result as the engine would.
  private func use(_ path: String) {
    let examination = ONNXFile.examine(path)
    guard let graph = examination.graph else {
      #expect(!examination.problems.isEmpty)
      return
    }
    _ = try? graph.infer()
    _ = try? ModelMetadata(graph.metadata)
  }

  @Test func theSampleItselfIsSound() throws {
    let scratch = try TemporaryFolder()
    let graph = try ONNXFile.read(try scratch.write(try sample(), to: "m.onnx"))
    #expect(graph.nodes.count == 11)
    #expect(try graph.evaluate([try ramp([1, 1, 8, 8])]).first?.shape.rank == 2)
  }

  @Test func cutOffAnywhere() throws {
    let scratch = try TemporaryFolder()
    let bytes = try sample()
    for count in 0..<bytes.count { use(try scratch.write(Array(bytes[..<count]), to: "m.onnx")) }
  }

  @Test func twoThousandMutations() throws {
    let scratch = try TemporaryFolder()
    let bytes = try sample()
    var random = SplitMix(20_240_607)
    for _ in 0..<2000 {
      var mutated = bytes
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let at = Int.random(in: 0..<mutated.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: mutated[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: mutated[at] = UInt8.random(in: 0...255, using: &random)
        case 2: mutated.insert([0, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0, at: at)
        case 3: if mutated.count > 1 { mutated.remove(at: at) }
        default:
          // Duplicates a piece of the file, which makes fields appear twice.
          let end = min(mutated.count, at + Int.random(in: 1...40, using: &random))
          mutated.insert(contentsOf: Array(mutated[at..<end]), at: at)
        }
      }
      use(try scratch.write(mutated, to: "m.onnx"))
    }
  }

  @Test func damagedTensorFiles() throws {
    let scratch = try TemporaryFolder()
    let bytes = Wire.tensor("t", type: 10, dims: [2, 2]).packed(5, [1, 2, 3, 4]).bytes
    for count in 0..<bytes.count { _ = try? ONNXFile.readTensor(try scratch.write(Array(bytes[..<count]), to: "t.pb")) }
    for at in bytes.indices {
      for bit in 0..<8 {
        var mutated = bytes
        mutated[at] ^= 1 << UInt8(bit)
        _ = try? ONNXFile.readTensor(try scratch.write(mutated, to: "t.pb"))
      }
    }
  }
}
