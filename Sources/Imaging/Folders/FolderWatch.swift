import Platform
import Text

/// Finds pictures as they appear in folders, by looking at them again and again.
///
/// A picture is taken for whole when two looks found the same file with the same size and time of its last change. It is named
/// once, and again if its file was replaced or written to. Files of formats that are not read are named too, so that their
/// reader can say so at once.
public final class FolderWatch {
  /// A picture, as it was at a look.
  public struct Picture: Sendable {
    public let path: String
    /// nil: whatever the file becomes.
    let version: ExactText?

    /// A file that nobody watches.
    public init(path: String) { (self.path, version) = (path, nil) }

    init(path: String, version: ExactText) { (self.path, self.version) = (path, version) }

    /// Whether the file is still there, neither replaced nor written to.
    public var isCurrent: Bool { version == nil || FolderWatch.version(path) == version }
  }

  private let folders: [String]
  /// Pictures that the last look found and nobody has taken.
  private var seen: Set<ExactText> = []
  private var taken: Set<ExactText> = []
  private var problems: Set<ExactText> = []
  /// Paths of pictures whose last version could not be read.
  private var failed: [String] = []
  /// What the last look found that is no readable picture.
  public private(set) var leftOut = LeftOut()
  /// Problems with folders that the last look had and the one before did not.
  public private(set) var news: [String] = []

  public init(_ folders: [String]) { self.folders = folders }

  /// The whole pictures that nobody has taken yet, in the order of a walk.
  public func look() -> [Picture] {
    var walk = PictureWalk(repeats: true)
    for folder in folders { walk.add(folder) }
    leftOut = walk.leftOut
    var (known, stillTaken): (Set<ExactText>, Set<ExactText>) = ([], [])
    var pictures: [Picture] = []
    for path in walk.files {
      guard let version = FolderWatch.version(path) else { continue }
      if taken.contains(version) {
        stillTaken.insert(version)
      } else if known.insert(version).inserted, seen.contains(version) {
        pictures.append(Picture(path: path, version: version))
      }
    }
    (seen, taken) = (known, stillTaken)
    tell(walk.problems)
    return pictures
  }

  private func tell(_ found: [String]) {
    let earlier = problems
    problems = []
    news = found.filter { problems.insert(ExactText($0)).inserted && !earlier.contains(ExactText($0)) }
  }

  /// The picture is not named again before its file changes.
  ///
  /// - Parameter isRead: false if it could not be read.
  public func take(_ picture: Picture, isRead: Bool) {
    if let version = picture.version { taken.insert(version) }
    failed = failed.filter { !$0.isExactly(picture.path) }
    if !isRead { failed.append(picture.path) }
  }

  /// The number of pictures whose last version could not be read.
  public var failureCount: Int { failed.count }

  /// nil if there is no such file.
  private static func version(_ path: String) -> ExactText? {
    var (inode, size, changed) = (UInt64(0), UInt64(0), Int64(0))
    guard path.withPath({ platform_path_state($0, &inode, &size, &changed) }) == 0 else { return nil }
    let state = "\(Int(truncatingIfNeeded: inode)) \(Int(truncatingIfNeeded: size)) \(Int(changed)) "
    return ExactText(state + path)
  }
}
