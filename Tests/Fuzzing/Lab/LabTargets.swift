import Foundation
import Text

/// Programs' files of the lab, whose readers are part of `giemsa`: links beside this file.
extension FuzzTarget {
  static let lab = [checkpoint, safetensors, settings, labels]
}

/// What `giemsa`'s sources expect of their program.
struct CommandFailure: Error {
  init(_: String) {}
}

enum Giemsa {
  static let version = "fuzz"
}
