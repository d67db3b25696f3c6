/// Text as a key, compared by bytes. Swift's `==` treats Unicode-equivalent strings as equal (`é` as one character or
/// two), but file names are bytes, and different bytes name different files.
public struct ExactText: Hashable, Sendable {
  public let text: String

  public init(_ text: String) { self.text = text }

  public static func == (a: ExactText, b: ExactText) -> Bool { a.text.isExactly(b.text) }

  public func hash(into hasher: inout Hasher) {
    var bytes = text
    bytes.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}

extension String {
  /// Whether both strings have the same bytes.
  @inline(never)
  public func isExactly(_ other: String) -> Bool {
    guard utf8.count == other.utf8.count else { return false }
    var (mine, theirs) = (self, other)
    return mine.withUTF8 { mine in
      // Buffers, because generic views are compared through their iterators.
      theirs.withUTF8 { theirs in
        for index in mine.indices where mine[index] != theirs[index] { return false }
        return true
      }
    }
  }

  /// Whether the string's last bytes are those of `ending`. (`hasSuffix` and `hasPrefix` step through characters, which takes
  /// 10 KB of the static field program.)
  @inline(never)
  public func ends(with ending: String) -> Bool {
    guard utf8.count >= ending.utf8.count else { return false }
    return String(decoding: Array(utf8)[(utf8.count - ending.utf8.count)...], as: UTF8.self).isExactly(ending)
  }

  /// The text shortened to about `limit` bytes: the beginning and the end, with `…` between them.
  public func shortened(to limit: Int) -> String {
    if utf8.count <= limit { return self }
    var (front, back) = (String.UnicodeScalarView(), String.UnicodeScalarView())
    var room = limit * 2 / 3
    for scalar in unicodeScalars {
      room -= scalar.utf8.count
      if room < 0 { break }
      front.append(scalar)
    }
    room = limit / 3
    for scalar in unicodeScalars.reversed() {
      room -= scalar.utf8.count
      if room < 0 { break }
      back.append(scalar)
    }
    return String(front) + " … " + String(String.UnicodeScalarView(back.reversed()))
  }
}
