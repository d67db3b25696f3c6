import ModelGraph
import Text

/// What an opset says of an operator: the types of its inputs and outputs, and the attributes that it lacks.
struct OperatorForm {
  /// A set of types for each input; of a last one that may be repeated once.
  private(set) var inputs: [UInt16] = []
  private(set) var outputs: [UInt16] = []
  private(set) var repeatsInput = false
  private(set) var repeatsOutput = false
  /// Attributes that a later opset added, and which.
  private(set) var later: [(name: String, opset: Int)] = []

  /// nil if the opset does not have the operator.
  init?(_ name: String, opset: Int) {
    guard let line = OperatorForm.line(of: name) else { return nil }
    var found = false
    for word in line.split(separator: UInt8(ascii: " ")).dropFirst() {
      if let equals = word.firstIndex(of: UInt8(ascii: "=")) {
        let since = OperatorForm.number(word[(equals + 1)...])
        if since > opset { later.append((String(decoding: word[..<equals], as: UTF8.self), since)) }
        continue
      }
      guard OperatorForm.number(word) <= opset else { continue }
      found = true
      read(word)
    }
    if !found { return nil }
  }

  func allows(_ type: ElementType, input index: Int) -> Bool { OperatorForm.allows(type, inputs, repeatsInput, index) }
  func allows(_ type: ElementType, output index: Int) -> Bool {
    OperatorForm.allows(type, outputs, repeatsOutput, index)
  }

  private static func allows(_ type: ElementType, _ sets: [UInt16], _ isRepeated: Bool, _ index: Int) -> Bool {
    guard index < sets.count || isRepeated, let last = sets.last else { return false }
    return (index < sets.count ? sets[index] : last) & 1 << bit(type) != 0
  }

  /// The order of ``OpsetTable/sets``.
  private static func bit(_ type: ElementType) -> UInt16 {
    switch type {
    case .float16: 0
    case .bfloat16: 1
    case .float32: 2
    case .float64: 3
    case .int8: 4
    case .int16: 5
    case .int32: 6
    case .int64: 7
    case .uint8: 8
    case .uint16: 9
    case .uint32: 10
    case .uint64: 11
    case .bool: 12
    }
  }

  /// `13ff>f`
  private mutating func read(_ word: ArraySlice<UInt8>) {
    (inputs, outputs, repeatsInput, repeatsOutput) = ([], [], false, false)
    var isOutput = false
    for byte in word {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): continue
      case UInt8(ascii: ">"): isOutput = true
      case UInt8(ascii: "*"): if isOutput { repeatsOutput = true } else { repeatsInput = true }
      default:
        let isSmall = byte >= UInt8(ascii: "a")
        let place = Int(byte) - Int(isSmall ? UInt8(ascii: "a") : UInt8(ascii: "A")) + (isSmall ? 0 : 26)
        guard OpsetTable.sets.indices.contains(place) else { continue }
        if isOutput { outputs.append(OpsetTable.sets[place]) } else { inputs.append(OpsetTable.sets[place]) }
      }
    }
  }

  /// The number at the beginning.
  private static func number(_ word: ArraySlice<UInt8>) -> Int {
    var number = 0
    for byte in word {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9"), number < 1000 else { break }
      number = number * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return number
  }

  private static func line(of name: String) -> [UInt8]? {
    let start = Array(name.utf8) + [UInt8(ascii: " ")]
    let text = UnsafeBufferPointer(start: OpsetTable.lines.utf8Start, count: OpsetTable.lines.utf8CodeUnitCount)
    for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: start) { return Array(line) }
    return nil
  }
}
