import Text

/// A list of names for a sentence.
public enum NameList {
  /// The first twenty names, and the number of others.
  public static func text(_ names: [String]) -> String {
    let most = 20
    let more = names.count > most ? " and \(names.count - most) more" : ""
    return names.prefix(most).joined(separator: ", ") + more
  }
}
