import Giemsa
import ONNXFormat

extension FuzzTarget {
  /// A model file, for what `upgrade`, `compare`, `inspect` and `draw` do with its graph: written for an opset that the
  /// number of bytes chooses, compared with what was written and with itself, listed and drawn.
  static let change = FuzzTarget(name: "change", isMessage: true) { bytes in
    let path = Scratch.write(bytes, to: "model.onnx")
    let again = "\(Scratch.folder)/again.onnx"
    let limits = Limits.standard
    let model = try ReadModel(contentsOf: path, limits: limits)
    let same = try GraphDifference(model, model)
    precondition(same.isSameFile && same.interface.isEmpty && same.removed.isEmpty && same.added.isEmpty)
    var written: ReadModel?
    if (try? Upgrade.write(model, to: again, opset: 7 + bytes.count % 22, limits: limits) { written = $0 }) != nil {
      if let written { _ = try GraphDifference(model, written) }
    }
    _ = try? ModelInspection(contentsOf: path, batch: 1, size: (8, 8), limits: limits)
    _ = try? GraphPicture(contentsOf: path, isAsRun: bytes.count % 2 == 0, limits: limits)
  }
}
