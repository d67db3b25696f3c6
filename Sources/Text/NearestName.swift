/// Suggests the most similar known name for an unknown one.
public enum NearestName {
  /// The name in `known` with the smallest edit distance to `name` (insertion, deletion, substitution, transposition);
  /// nil if the distance is more than a third of the longer name's length.
  public static func nearest(to name: String, in known: [String]) -> String? {
    if name.utf8.count > 64 { return nil }
    var best: (name: String, distance: Int)?
    for candidate in known {
      let most = max(name.utf8.count, candidate.utf8.count) / 3
      let distance = distance(Array(name.utf8), Array(candidate.utf8))
      if distance <= most, distance < best?.distance ?? Int.max { best = (candidate, distance) }
    }
    return best?.name
  }

  /// ` (did you mean 'infer'?)`, or an empty string.
  public static func question(_ name: String, in known: [String]) -> String {
    nearest(to: name, in: known).map { " (did you mean '\($0)'?)" } ?? ""
  }

  /// Optimal string alignment distance.
  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var (last, line) = ([Int](), Array(0...b.count))
    for i in a.indices {
      var next = [i + 1]
      for j in b.indices {
        var least = min(line[j + 1], next[j]) + 1
        least = min(least, line[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, last[j - 1] + 1) }
        next.append(least)
      }
      (last, line) = (line, next)
    }
    return line[b.count]
  }
}
