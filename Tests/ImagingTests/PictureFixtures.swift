import Foundation
import Imaging
import Testing

/// The files made by `tools/make-picture-fixtures`.
enum PictureFixtures {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Fixtures/pictures")
    .standardizedFileURL

  static func path(_ name: String) -> String { folder.appending(path: name).path }

  static func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.appending(path: name))) }

  static func names(_ prefix: String, _ suffix: String) -> [String] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return all.filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }.sorted()
  }

  /// Pictures of every kind of every format.
  static var kinds: [String] { names("kind-", "").filter { !$0.hasSuffix(".rgb") } }

  /// The message of the error that reading `bytes` as a file named `x.png` throws.
  static func complaint(_ bytes: [UInt8], _ options: PictureOptions = PictureOptions()) -> String {
    bytes.withUnsafeBytes { raw in
      do throws(ImagingError) {
        _ = try PictureFile(raw, named: "x.png", options)
        return ""
      } catch {
        return error.message
      }
    }
  }
}
