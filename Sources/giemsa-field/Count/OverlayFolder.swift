import Giemsa
import Platform
import Text

/// The folder of `--overlay`: a PNG for each field, named after it.
struct OverlayFolder {
  private let path: String
  /// Fields of the same name in different folders get a number.
  private var names: [ExactText: Int] = [:]
  /// Why an overlay could not be written.
  private(set) var failure: String?

  /// Creates the folder if it does not exist.
  init(_ path: String) throws(UsageError) {
    self.path = path
    let error = path.withPath { platform_make_folder($0) }
    guard error == 0 else {
      throw UsageError(
        message: "--overlay \(path): cannot make the folder (\(String(cString: platform_error_text(error))))")
    }
  }

  /// After the first failure nothing more is written.
  mutating func write(_ png: [UInt8], for field: String) {
    if failure != nil { return }
    let base = PathText.lastComponent(field)
    let count = names[ExactText(base), default: 0] + 1
    names[ExactText(base)] = count
    let file = "\(path)/\(base)\(count > 1 ? "-\(count)" : "").png"
    let error = file.withPath { file in
      png.withUnsafeBytes { platform_replace_file(file, $0.baseAddress, $0.count) }
    }
    if error != 0 {
      failure =
        "\(file): cannot write (\(String(cString: platform_error_text(error)))); overlays from here on are missing"
    }
  }
}
