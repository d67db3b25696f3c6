import Foundation
import Training

extension FuzzTarget {
  /// A `.safetensors` file, and every tensor in it.
  static let safetensors = FuzzTarget(
    name: "safetensors",
    seeds: {
      let types = [("F32", 4), ("F16", 2), ("BF16", 2), ("F64", 8), ("I8", 1)]
      return types.map { type, size in
        let header = Array(
          """
          {"__metadata__":{"format":"pt"},"a.weight":{"dtype":"\(type)","shape":[2,3],"data_offsets":[0,\(6 * size)]},\
          "b":{"dtype":"F32","shape":[],"data_offsets":[\(6 * size),\(6 * size + 4)]}}
          """.utf8)
        let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
        return length + header + (0..<(6 * size + 4)).map { UInt8(truncatingIfNeeded: $0 * 37) }
      }
    }
  ) { bytes in
    let file = try SafeTensors(Data(bytes))
    for name in file.names {
      guard let shape = file.shape(name) else { preconditionFailure("a tensor without a shape") }
      if let tensor = try? file.tensor(name) { precondition(tensor.shape == shape) }
    }
  }
}
