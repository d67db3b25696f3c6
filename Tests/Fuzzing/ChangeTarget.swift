import Giemsa
import ONNXFormat

extension FuzzTarget {
  /// A model file, for what `upgrade`, `compare`, `inspect` and `draw` do with its graph: written for an opset that the
  /// number of bytes chooses, compared with what was written and with itself, listed and drawn.
  static let change = FuzzTarget(name: "change", isMessage: true) { bytes in
    let path = Scratch.write(bytes, to: "model.onnx")
    let again = "\(Scratch.folder)/again.onnx"
    let limits = Limits.standard
    let same = try GraphDifference(path, path, limits: limits)
    precondition(same.isSameFile && same.interface.isEmpty && same.removed.isEmpty && same.added.isEmpty)
    if (try? Upgrade.write(path, to: again, opset: 7 + bytes.count % 22, limits: limits) { _ in }) != nil {
      _ = try GraphDifference(path, again, limits: limits)
    }
    _ = try? ModelInspection(contentsOf: path, batch: 1, size: (8, 8), limits: limits)
    _ = try? GraphPicture(contentsOf: path, isAsRun: bytes.count % 2 == 0, limits: limits)
  }
}
