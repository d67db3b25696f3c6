// GiemsaCalls: the functions of giemsa.h over the module Giemsa. A file holds the calls of one handle.
//
// A call checks each argument, does its work in Swift, and turns what was thrown into a status and a message. No call
// may trap, whatever a caller that keeps to giemsa.h's first paragraph passes.

import Giemsa
import GiemsaC
import Text

/// Why a call fails.
struct Failure: Error {
  let status: Int
  let message: String
  /// Of the model's problem: 204 for E204; 0 for others.
  var code = 0

  static func argument(_ message: String) -> Failure { Failure(status: GIEMSA_BAD_ARGUMENT, message: message) }

  /// - Parameter badInput: the status for E213, which is about shapes in one call and sizes in another.
  init(_ error: GraphError, badInput: Int = GIEMSA_BAD_SHAPE) {
    status =
      switch error.code {
      case .badInput: badInput
      case .tooLarge: GIEMSA_NO_MEMORY
      case .unreadable, .empty, .externalMissing: GIEMSA_UNREADABLE
      default: GIEMSA_BAD_MODEL
      }
    message = error.description
    code = error.code.rawValue
  }

  init(status: Int, message: String) {
    self.status = status
    self.message = message
  }
}

/// Runs a call and returns its status; a failure is remembered for its thread, and in `kept` for its handle.
func call(_ kept: Message? = nil, _ body: () throws(Failure) -> Void) -> giemsa_status {
  do {
    try body()
    return giemsa_status(GIEMSA_OK)
  } catch {
    let text = CText(error.message)
    withExtendedLifetime(text) { giemsa_calls_note(text.pointer, text.count, Int32(error.code)) }
    kept?.text = text
    return giemsa_status(error.status)
  }
}

/// The last failure of a handle.
final class Message {
  var text = CText("")
}

/// Throws for a NULL.
func given<Pointee>(_ pointer: Pointee?, _ name: String) throws(Failure) -> Pointee {
  guard let pointer else { throw .argument("\(name) is NULL") }
  return pointer
}

/// Text for C, ended by a zero, at an address that does not change.
final class CText {
  let pointer: UnsafePointer<CChar>
  private let memory: UnsafeMutablePointer<CChar>
  /// Bytes before the zero.
  let count: Int

  init(_ text: String) {
    let bytes = Array(text.utf8)
    count = bytes.count
    memory = .allocate(capacity: count + 1)
    for (index, byte) in bytes.enumerated() { memory[index] = CChar(bitPattern: byte) }
    memory[count] = 0
    pointer = UnsafePointer(memory)
  }

  deinit { memory.deallocate() }

  /// Whether C's text has the same bytes.
  func isSame(_ other: UnsafePointer<CChar>) -> Bool {
    for index in 0..<count where other[index] == 0 || memory[index] != other[index] { return false }
    return other[count] == 0
  }
}
