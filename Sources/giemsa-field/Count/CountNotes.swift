import Giemsa
import Text

/// What a person should know of the fields, said once at the end.
struct CountNotes {
  private var pictures = PictureNotes()
  private var empty: [String] = []
  private var unlikely: [String] = []
  private var micrometres: Float = 0
  /// Fields that were not read since their slides had enough cells.
  var leftOut = 0

  mutating func add(_ path: String, _ field: CountedField) {
    pictures.add(path, field.pictureNotes)
    for note in field.notes {
      switch note {
      case .noCells: empty.append(path)
      case .unlikelySize(let size):
        if unlikely.isEmpty { micrometres = size }
        unlikely.append(path)
      }
    }
  }

  var warnings: [String] {
    var lines = pictures.warnings(remedy: PictureRules.remedy)
    if !empty.isEmpty {
      lines.append("warning: no red cells in \(counted(empty.count, "field")): \(NameList.text(empty))")
    }
    if !unlikely.isEmpty {
      let size = NumberText.fixed(Double(micrometres), 1)
      lines.append(
        "warning: by the pixel size, cells measure \(size) µm in \(unlikely[0]), where red cells have 6 to 8"
          + (unlikely.count > 1 ? "; so in \(unlikely.count - 1) more fields" : "")
          + ". Check the scale, or whether these are cells")
    }
    if leftOut > 0 { lines.append("note: --stop left out \(counted(leftOut, "field"))") }
    return lines
  }
}
