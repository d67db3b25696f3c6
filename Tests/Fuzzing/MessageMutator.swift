import FuzzWatch
import TestSupport

/// Changes messages of protocol buffers field by field, so that most of what comes out can be parsed: libFuzzer's own
/// changes leave lengths wrong, and never get beyond the parser.
struct MessageMutator {
  /// A field: a number, or bytes, or the fields of a message in it.
  private struct Field {
    var number: UInt64
    var content: Content

    enum Content {
      case varint(UInt64)
      case fixed([UInt8])
      case bytes([UInt8])
      case message([Field])
    }

    /// The number of fields in it, itself counted.
    var count: Int {
      if case .message(let fields) = content { return fields.reduce(1) { $0 + $1.count } }
      return 1
    }
  }

  private var random: SplitMix

  init(seed: UInt32) { random = SplitMix(UInt64(seed)) }

  /// What becomes of `bytes`; nil if they are no message, or too long afterwards.
  mutating func mutated(_ bytes: UnsafeRawBufferPointer, room: Int) -> [UInt8]? {
    guard var fields = MessageMutator.parse(bytes, depth: 0), !fields.isEmpty else { return nil }
    for _ in 0...random.below(3) { change(&fields) }
    return MessageMutator.bytes(of: fields, room: room)
  }

  /// `bytes` with a field out of `other`, put among fields of a message that has such ones.
  mutating func crossed(_ bytes: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer, room: Int) -> [UInt8]? {
    guard var fields = MessageMutator.parse(bytes, depth: 0), let donor = MessageMutator.parse(other, depth: 0),
      !fields.isEmpty, !donor.isEmpty
    else { return nil }
    let gift = pick(donor)
    visit(&fields) { fields, index, _ in fields.insert(gift, at: index) }
    return MessageMutator.bytes(of: fields, room: room)
  }

  // MARK: Changes

  private mutating func pick(_ fields: [Field]) -> Field {
    var left = random.below(fields.reduce(0) { $0 + $1.count })
    func find(_ fields: [Field]) -> Field? {
      for field in fields {
        if left == 0 { return field }
        left -= 1
        if case .message(let inner) = field.content, let found = find(inner) { return found }
      }
      return nil
    }
    return find(fields) ?? fields[0]
  }

  /// Calls `body` with the list that holds a random field, and its place.
  private mutating func visit(_ fields: inout [Field], _ body: (inout [Field], Int, inout SplitMix) -> Void) {
    var left = random.below(fields.reduce(0) { $0 + $1.count })
    func descend(_ fields: inout [Field], _ random: inout SplitMix) -> Bool {
      for index in fields.indices {
        if left == 0 {
          body(&fields, index, &random)
          return true
        }
        left -= 1
        if case .message(var inner) = fields[index].content {
          let count = inner.reduce(0) { $0 + $1.count }
          guard left < count else {
            left -= count
            continue
          }
          if descend(&inner, &random) {
            fields[index].content = .message(inner)
            return true
          }
        }
      }
      return false
    }
    _ = descend(&fields, &random)
  }

  private mutating func change(_ fields: inout [Field]) {
    if fields.isEmpty { return }
    let copy = random.below(4) == 0 ? pick(fields) : nil
    visit(&fields) { fields, index, random in
      if let copy {
        // A field of one message, put into another, or in the place of another of its number.
        if random.below(2) == 0 { fields.insert(copy, at: index) } else { fields[index].content = copy.content }
        return
      }
      switch (random.below(12), fields[index].content) {
      case (0, _): fields.remove(at: index)
      case (1, _): fields.insert(fields[index], at: index)
      case (2, _): fields.swapAt(index, random.below(fields.count))
      case (3, _): fields[index].number = UInt64(1 + random.below(24))
      case (_, .varint(let number)):
        fields[index].content = .varint(MessageMutator.number(near: number, &random))
      case (_, .fixed(let bytes)): fields[index].content = .fixed(MessageMutator.mutated(bytes, room: bytes.count))
      case (_, .bytes(let bytes)):
        fields[index].content = .bytes(MessageMutator.mutated(bytes, room: bytes.count + 16))
      case (_, .message(let inner)):
        guard random.below(4) == 0 else {
          // Shuffled: nodes in another order, shapes turned.
          fields[index].content = .message(inner.shuffled(using: &random))
          return
        }
        fields[index].content = .bytes(MessageMutator.mutated(MessageMutator.bytes(of: inner), room: 256))
      }
    }
  }

  private static func number(near number: UInt64, _ random: inout SplitMix) -> UInt64 {
    let known: [Int64] = [
      0, 1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 31, 64, 127, 255, 256, 1000, 65535, 1 << 20, 1 << 31, 1 << 32, 1 << 40,
      .max,
      .min, -1, -2, -3, -(1 << 31),
    ]
    switch random.below(4) {
    case 0: return number &+ 1
    case 1: return number &- 1
    case 2: return number ^ (1 << UInt64(random.below(64)))
    default: return UInt64(bitPattern: known[random.below(known.count)])
    }
  }

  /// What libFuzzer makes of the bytes.
  private static func mutated(_ bytes: [UInt8], room: Int) -> [UInt8] {
    var memory = bytes + [UInt8](repeating: 0, count: max(room - bytes.count, 0))
    if memory.isEmpty { return [] }
    let count = memory.withUnsafeMutableBufferPointer { fuzz_mutate($0.baseAddress, bytes.count, $0.count) }
    return Array(memory.prefix(count))
  }

  // MARK: Bytes

  private static let deepest = 12

  /// The fields; nil if these are no message. Text may look like one, which does not matter.
  private static func parse(_ bytes: UnsafeRawBufferPointer, depth: Int) -> [Field]? {
    var at = 0
    func varint() -> UInt64? {
      var number: UInt64 = 0
      var shift: UInt64 = 0
      while at < bytes.count, shift < 64 {
        let byte = bytes[at]
        at += 1
        number |= UInt64(byte & 127) << shift
        if byte < 128 { return number }
        shift += 7
      }
      return nil
    }
    var fields: [Field] = []
    while at < bytes.count {
      guard let key = varint(), key >> 3 > 0, key >> 3 < 1024 else { return nil }
      let content: Field.Content
      switch key & 7 {
      case 0:
        guard let number = varint() else { return nil }
        content = .varint(number)
      case 1, 5:
        let count = key & 7 == 1 ? 8 : 4
        guard bytes.count - at >= count else { return nil }
        content = .fixed(Array(bytes[at..<(at + count)]))
        at += count
      case 2:
        guard let length = varint(), length <= UInt64(bytes.count - at) else { return nil }
        let inner = UnsafeRawBufferPointer(rebasing: bytes[at..<(at + Int(length))])
        at += Int(length)
        if length > 1, depth < deepest, let fields = parse(inner, depth: depth + 1) {
          content = .message(fields)
        } else {
          content = .bytes(Array(inner))
        }
      default: return nil
      }
      fields.append(Field(number: key >> 3, content: content))
    }
    return fields
  }

  private static func bytes(of fields: [Field], room: Int) -> [UInt8]? {
    let bytes = bytes(of: fields)
    return bytes.count <= room && !bytes.isEmpty ? bytes : nil
  }

  private static func bytes(of fields: [Field]) -> [UInt8] {
    var bytes: [UInt8] = []
    func put(_ number: UInt64) {
      var number = number
      while number > 127 {
        bytes.append(UInt8(number & 127) | 128)
        number >>= 7
      }
      bytes.append(UInt8(number))
    }
    for field in fields {
      switch field.content {
      case .varint(let number):
        put(field.number << 3)
        put(number)
      case .fixed(let content):
        put(field.number << 3 | (content.count == 8 ? 1 : 5))
        bytes += content
      case .bytes(let content):
        put(field.number << 3 | 2)
        put(UInt64(content.count))
        bytes += content
      case .message(let inner):
        let content = MessageMutator.bytes(of: inner)
        put(field.number << 3 | 2)
        put(UInt64(content.count))
        bytes += content
      }
    }
    return bytes
  }
}

@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ room: Int, _ seed: UInt32) -> Int {
  var mutator = MessageMutator(seed: seed)
  guard FuzzTarget.chosen.isMessage, seed % 8 != 0,
    let mutated = mutator.mutated(UnsafeRawBufferPointer(start: bytes, count: count), room: room)
  else { return fuzz_mutate(bytes, count, room) }
  mutated.withUnsafeBufferPointer { if let base = $0.baseAddress { bytes.update(from: base, count: $0.count) } }
  return mutated.count
}

@_cdecl("LLVMFuzzerCustomCrossOver")
public func cross(
  _ bytes: UnsafePointer<UInt8>, _ count: Int, _ other: UnsafePointer<UInt8>, _ otherCount: Int,
  _ result: UnsafeMutablePointer<UInt8>, _ room: Int, _ seed: UInt32
) -> Int {
  var mutator = MessageMutator(seed: seed)
  guard FuzzTarget.chosen.isMessage,
    let crossed = mutator.crossed(
      UnsafeRawBufferPointer(start: bytes, count: count), UnsafeRawBufferPointer(start: other, count: otherCount),
      room: room)
  else { return 0 }
  crossed.withUnsafeBufferPointer { if let base = $0.baseAddress { result.update(from: base, count: $0.count) } }
  return crossed.count
}
