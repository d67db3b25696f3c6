import ModelGraph
import ONNXFormat
import TestSupport
import Testing

/// Every element type in raw_data and in its typed field; unsupported types are refused by name.
@Suite struct TensorTypeTests {
  private func read(_ tensor: Wire) throws -> Tensor {
    let scratch = try TemporaryFolder()
    return try ONNXFile.readTensor(try scratch.write(tensor.bytes, to: "t.pb")).tensor
  }

  private func raw(_ type: Int, _ bytes: [UInt8], _ dims: [Int]) -> Wire {
    Wire.tensor("t", type: type, dims: dims).data(9, bytes)
  }

  @Test func rawData() throws {
    #expect(try read(raw(1, [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0], [2])).doubles == [1, -2])
    #expect(try read(raw(2, [1, 255], [2])).ints == [1, 255])
    #expect(try read(raw(3, [1, 255], [2])).ints == [1, -1])
    #expect(try read(raw(6, [1, 0, 0, 0], [1])).ints == [1])
    #expect(try read(raw(7, [255, 255, 255, 255, 255, 255, 255, 255], [1])).ints == [-1])
    #expect(try read(raw(9, [0, 1, 2, 255], [4])).ints == [0, 1, 1, 1])
    #expect(try read(raw(11, [0, 0, 0, 0, 0, 0, 0xF0, 0x3F], [])).doubles == [1])
  }

  @Test func typedData() throws {
    let one: [UInt8] = [0, 0, 0x80, 0x3F]
    #expect(try read(Wire.tensor("t", type: 1, dims: [2]).data(4, one + one)).doubles == [1, 1])
    #expect(try read(Wire.tensor("t", type: 2, dims: [2]).packed(5, [7, 255])).ints == [7, 255])
    #expect(try read(Wire.tensor("t", type: 3, dims: [2]).packed(5, [7, -7])).ints == [7, -7])
    #expect(try read(Wire.tensor("t", type: 6, dims: [2]).int(5, 7).int(5, -7)).ints == [7, -7])
    #expect(try read(Wire.tensor("t", type: 7, dims: [2]).packed(7, [7, -7])).ints == [7, -7])
    #expect(try read(Wire.tensor("t", type: 9, dims: [2]).packed(5, [0, 9])).ints == [0, 1])
    let double: [UInt8] = [0, 0, 0, 0, 0, 0, 0xF0, 0x3F]
    #expect(try read(Wire.tensor("t", type: 11, dims: [1]).data(10, double)).doubles == [1])
  }

  @Test func widerAndNarrowerIntegers() throws {
    #expect(try read(raw(4, [1, 255], [1])).ints == [65281])
    #expect(try read(raw(5, [1, 255], [1])).ints == [-255])
    #expect(try read(raw(12, [0, 0, 0, 255], [1])).ints == [255 << 24])
    #expect(
      try read(raw(13, [1, 0, 0, 0, 0, 0, 0, 255], [1])).array(of: UInt64.self) == [255 << 56 + 1])
    #expect(try read(Wire.tensor("t", type: 4, dims: [2]).packed(5, [7, 65535])).ints == [7, 65535])
    #expect(try read(Wire.tensor("t", type: 5, dims: [2]).packed(5, [7, -7])).ints == [7, -7])
    #expect(try read(Wire.tensor("t", type: 12, dims: [2]).packed(11, [7, 1 << 32 - 1])).ints == [7, 1 << 32 - 1])
    #expect(try read(Wire.tensor("t", type: 13, dims: [2]).packed(11, [7, -1])).array(of: UInt64.self) == [7, .max])
    #expect(code { _ = try read(Wire.tensor("t", type: 13, dims: [1]).packed(5, [1])) } == .wrongDataSize)
  }

  @Test func halvesAreReadBitByBit() throws {
    // 1, -2, the largest, the smallest, infinity and NaN.
    let bits = [0x3C00, 0xC000, 0x7BFF, 0x0001, 0x7C00, 0x7E01]
    let expected = [1, -2, 65504, 0x1p-24, Double.infinity]
    let bytes = bits.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    for tensor in [raw(10, bytes, [6]), Wire.tensor("t", type: 10, dims: [6]).packed(5, bits)] {
      let values = try read(tensor).doubles
      #expect(Array(values.prefix(5)) == expected)
      #expect(values.last?.isNaN == true)
      #expect(try read(tensor).type == .float16)
    }
    #expect(try read(raw(16, [0x80, 0x3F, 0x00, 0xC0], [2])).doubles == [1, -2])
    #expect(try read(Wire.tensor("t", type: 16, dims: [2]).packed(5, [0x3F80, 0xC000])).doubles == [1, -2])
  }

  @Test(arguments: [0, 8, 14, 15, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 99, -1])
  func otherTypesAreRefused(type: Int) {
    #expect(code { _ = try read(raw(type, [0, 0, 0, 0], [1])) } == .unsupportedType)
  }

  @Test func theMessageNamesTypeAndTensor() throws {
    do {
      _ = try read(raw(8, [], [1]))
      Issue.record("not refused")
    } catch let error as GraphError {
      #expect(error.message == "tensor 't': has element type string, which is not supported")
    }
  }

  @Test func dataMustFitTheShape() throws {
    #expect(code { _ = try read(raw(1, [0, 0, 0], [1])) } == .wrongDataSize)
    #expect(code { _ = try read(raw(1, [0, 0, 0, 0], [2])) } == .wrongDataSize)
    #expect(code { _ = try read(raw(1, [0, 0, 0, 0], [0])) } == .wrongDataSize)
    #expect(code { _ = try read(raw(1, [], [1])) } == .wrongDataSize)
    #expect(code { _ = try read(raw(10, [0], [])) } == .wrongDataSize)
    #expect(code { _ = try read(Wire.tensor("t", type: 1, dims: [1]).packed(7, [1])) } == .wrongDataSize)
    #expect(code { _ = try read(Wire.tensor("t", type: 3, dims: [3]).packed(5, [1])) } == .wrongDataSize)
    #expect(code { _ = try read(raw(1, [0, 0, 0, 0], [1]).data(4, [0, 0, 0, 0])) } == .wrongDataSize)
    #expect(code { _ = try read(raw(1, [0, 0, 0, 0], [-1])) } == .tooLarge)
    #expect(code { _ = try read(raw(1, [0, 0, 0, 0], [1 << 40])) } == .tooLarge)
    #expect(code { _ = try read(raw(1, [0, 0, 0, 0], [0, 1 << 62, 1 << 62])) } == .tooLarge)
  }

  @Test func whatIsNoTensorIsSaidSo() throws {
    // A SequenceProto: name, elem_type, tensor_values.
    let sequence = Wire().text(1, "abc").int(2, 1).message(3, Wire.tensor("t", type: 1, dims: []))
    #expect(code { _ = try read(sequence) } == .unsupportedType)
    #expect(code { _ = try read(raw(1, [0, 0, 0, 0], [1]).message(3, Wire().int(1, 0))) } == .unsupportedType)
    #expect(code { _ = try read(Wire.tensor("t", type: 1, dims: [1]).int(14, 1)) } == .externalPath)
  }
}
