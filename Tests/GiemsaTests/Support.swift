import Giemsa
import Testing

/// Sound models and pictures of this package.
enum Fixture {
  static let cells = path("models/cells.onnx")
  static let open = path("models/open.onnx")
  static let twoInputs = path("models/two-inputs.onnx")
  static let ports = path("models/ports.onnx")
  static let late = path("models/late.onnx")
  static let branches = path("models/branches.onnx")
  static let lateBranches = path("models/late-branches.onnx")
  static let picture = path("pictures/kind-rgb8.png")

  static func path(_ name: String) -> String {
    let parts = #filePath.split(separator: "/").dropLast(3)
    return "/" + parts.joined(separator: "/") + "/Fixtures/" + name
  }

  /// Numbers for `cells`, and what onnxruntime 1.32 makes of them.
  static let pixels: [Float] = (0..<192).map { Float($0 % 7) * 0.1 }
  static let scores: [Float] = [0.12578249, 0.23652971]
}

func near(_ a: [Float], _ b: [Float]) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { ($0 - $1).magnitude < 1e-5 }
}

/// The code of what `body` throws; nil if it throws nothing.
func code(_ body: () throws(GraphError) -> Void) -> Code? {
  do { try body() } catch { return error.code }
  return nil
}

/// The message of what `body` throws.
func message(_ body: () throws(GraphError) -> Void) -> String {
  do { try body() } catch { return error.message }
  return ""
}
