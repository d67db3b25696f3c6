/// Which slide a picture was taken of, from its name.
public enum SlideName {
  /// The part of a file name before `_IMG` or `_cell`; empty if it has neither.
  ///
  /// `C101P62ThinF_IMG_20150918_151006_cell_65.png` is from slide `C101P62ThinF`.
  public static func of(_ fileName: String) -> String {
    let bytes = Array(fileName.utf8)
    for marker in ["_IMG", "_cell"] {
      let marker = Array(marker.utf8)
      var at = 0
      while at + marker.count <= bytes.count {
        // The markers are ASCII, so the part before one is complete UTF-8.
        if bytes[at..<(at + marker.count)].elementsEqual(marker) {
          return String(decoding: bytes[..<at], as: UTF8.self)
        }
        at += 1
      }
    }
    return ""
  }
}
