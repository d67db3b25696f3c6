import Text

/// `--slide-from`: which slide a field belongs to.
enum SlideSource {
  case folder, name, all

  init(_ options: CommandLineOptions) throws(UsageError) {
    switch options.string("--slide-from") ?? "folder" {
    case "folder": self = .folder
    case "name": self = .name
    case "all": self = .all
    case let other: throw UsageError(message: "--slide-from '\(other)' is not one of folder, name, all")
    }
  }

  /// The slide's name: the field's folder, the part of its name before `_IMG` (or the folder if there is none), or `all`.
  func slide(_ path: String) -> String {
    switch self {
    case .all: return "all"
    case .name:
      let name = SlideName.of(PathText.lastComponent(path))
      if !name.isEmpty { return name }
    case .folder: break
    }
    let folder = PathText.folder(path)
    return folder.isEmpty ? "." : folder
  }
}
