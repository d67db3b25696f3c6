import ModelGraph
import ONNXFormat

extension FuzzTarget {
  /// A file of test data: one TensorProto, which is written and read again.
  static let tensor = FuzzTarget(name: "tensor", isMessage: true) { bytes in
    let (name, tensor) = try ONNXFile.readTensor(Scratch.write(bytes, to: "input.pb"))
    guard tensor.byteCount < 1 << 16 else { return }
    let path = "\(Scratch.folder)/again.pb"
    try ONNXFile.writeTensor(tensor, name: name, to: path)
    let again = try ONNXFile.readTensor(path)
    precondition(again.name == name && again.tensor.shape == tensor.shape && again.tensor.type == tensor.type)
    precondition(tensor.withBytes { a in again.tensor.withBytes { a.elementsEqual($0) } })
  }
}
