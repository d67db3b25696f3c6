import Text

/// Which categories of annotated objects make which class of pictures: `infected=ring,trophozoite`. Categories that no
/// class names are left out.
public struct CategoryClasses: Sendable {
  /// In the order in which they were given.
  public private(set) var classes: [String] = []
  private var places: [ExactText: Int] = [:]
  private var names: [String] = []

  /// - Parameter texts: `CLASS=CATEGORY,CATEGORY…` each; `CLASS` alone stands for the category of that name. A class may
  ///   be given several times.
  public init(_ texts: [String]) throws {
    for text in texts {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
      let name = parts[0]
      if let problem = CategoryClasses.problem(name) { throw DatasetError("--class '\(text)': \(problem)") }
      let place =
        classes.firstIndex { $0.isExactly(name) }
        ?? {
          classes.append(name)
          return classes.count - 1
        }()
      for category in parts.count == 1
        ? [name]
        : parts[1].split(separator: ",", omittingEmptySubsequences: false)
          .map({ String($0) })
      {
        guard !category.isEmpty else { throw DatasetError("--class '\(text)': names an empty category") }
        if let other = places[ExactText(category)], other != place {
          throw DatasetError("--class: '\(category)' is given to both \(classes[other]) and \(name)")
        }
        places[ExactText(category)] = place
        names.append(category)
      }
    }
  }

  /// Every category of the annotations is a class of its own.
  public init(everyCategoryOf set: AnnotationSet) throws {
    for (name, _) in set.categories {
      if let problem = CategoryClasses.problem(name) {
        throw DatasetError("\(set.path): category '\(name)': \(problem); name the classes with --class")
      }
      places[ExactText(name)] = classes.count
      classes.append(name)
      names.append(name)
    }
  }

  /// Why a text cannot be the name of a class and its folder; nil if it can.
  public static func problem(_ name: String) -> String? {
    if name.isEmpty { return "a class needs a name" }
    if name.utf8.first == UInt8(ascii: ".") { return "a class's name becomes a folder's; it cannot begin with a dot" }
    if name.utf8.contains(UInt8(ascii: "/")) || name.unicodeScalars.contains(where: { $0.value < 0x20 }) {
      return "a class's name becomes a folder's; it cannot have slashes or control characters"
    }
    return name.utf8.count > 200 ? "longer than 200 bytes" : nil
  }

  public var isEmpty: Bool { classes.isEmpty }

  /// The index of the class of that name, which is added without a category if there is none.
  public mutating func index(adding name: String) throws -> Int {
    if let known = classes.firstIndex(where: { $0.isExactly(name) }) { return known }
    if let problem = CategoryClasses.problem(name) { throw DatasetError("'\(name)': \(problem)") }
    classes.append(name)
    return classes.count - 1
  }

  /// The class of a category, as an index into ``classes``; nil if it is left out.
  public func label(_ category: String) -> Int? { places[ExactText(category)] }

  /// Throws if a category was given that the annotations do not have.
  public func check(_ set: AnnotationSet) throws { try check(set.categories.map { $0.name }, of: set.path) }

  /// Throws if a category was given that is not among the `known` ones of a file or folder.
  public func check(_ known: [String], of path: String) throws {
    for name in names where !known.contains(where: { $0.isExactly(name) }) {
      let list = known.prefix(20).joined(separator: ", ")
      throw DatasetError(
        "--class: \(path) has no category '\(name)'\(NearestName.question(name, in: known)); it has \(list)")
    }
  }
}
