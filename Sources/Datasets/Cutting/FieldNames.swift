import Text

/// Names for fields that the files of their cells begin with. They carry slide and field, as ``CellFolder/slide(of:)``
/// reads them, so that splits keep the cells of a slide together.
///
/// The slide is the part of the field's name before `_IMG`; else the subfolder that the field is in; else each field is a
/// slide of its own.
public enum FieldNames {
  /// - Parameter folder: the folder in which the pictures were found, at whatever depth; a picture that is not in it is
  ///   named by its file alone.
  public static func named(_ paths: [String], in folder: String) -> [(path: String, name: String)] {
    let root = PathText.components(folder).filter { $0 != "." }
    var names = UniqueNames()
    return paths.map { path in
      let inner = PathText.components(PathText.folder(path)).filter { $0 != "." }.dropFirst(root.count)
      return (path, names.unique(name(of: path, folder: inner.joined(separator: "-"))))
    }
  }

  private static func name(of path: String, folder: String) -> String {
    let stem = PathText.stem(path)
    if !CellFolder.slide(of: stem).isEmpty { return stem }
    // A name that begins with a marker would have an empty slide.
    let field = stem.drop { $0 == "_" }
    let name = field.isEmpty ? "field" : String(field)
    return folder.isEmpty ? name : "\(folder)_IMG_\(name)"
  }
}

/// Makes names unique by numbers.
struct UniqueNames {
  private var used: Set<ExactText> = []

  mutating func unique(_ name: String) -> String {
    var result = name
    var number = 2
    while !used.insert(ExactText(result)).inserted {
      result = "\(name)-\(number)"
      number += 1
    }
    return result
  }
}
