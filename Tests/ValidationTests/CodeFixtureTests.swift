import Foundation
import ModelGraph
import Testing
import Validation

/// Every file of Fixtures/codes triggers the code its name begins with, and every code has a file.
@Suite struct CodeFixtureTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private static func files() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent("Fixtures/codes").path)
      .filter { $0.hasSuffix(".onnx") }.sorted()
  }

  private static func findings(_ file: String) -> Findings {
    Validator.findings(path: root.appendingPathComponent("Fixtures/codes/\(file)").path)
  }

  @Test func everyFileTriggersItsCode() throws {
    for file in try Self.files() {
      let texts = Self.findings(file).map { $0.code.text }
      #expect(texts.contains(String(file.prefix(4))), "\(file): \(texts)")
    }
  }

  @Test func nothingElseIsReported() throws {
    // One cause gives one finding. (The two nodes of the cycle are reported together.)
    for file in try Self.files() {
      let found = Self.findings(file)
      #expect(found.count == 1, "\(file): \(found.map { $0.text })")
    }
  }

  @Test func everyCodeHasAFile() throws {
    let covered = Set(try Self.files().map { String($0.prefix(4)) })
    // SignatureTests has those of signatures, which are asked for only where keys are given.
    let ofSignatures: [Code] = [.unsigned, .badSignature]
    for code in Code.allCases where !ofSignatures.contains(code) {
      #expect(covered.contains(code.text), "\(code.text)")
    }
  }

  @Test func everyCodeIsDocumented() throws {
    let page = try String(contentsOf: Self.root.appendingPathComponent("docs/CODES.md"), encoding: .utf8)
    for code in Code.allCases { #expect(page.contains("| \(code.text) |"), "\(code.text)") }
  }

  @Test func messagesAreOneLine() throws {
    for file in try Self.files() {
      for finding in Self.findings(file) {
        #expect(!finding.message.isEmpty)
        #expect(!finding.text.contains("\n"))
      }
    }
  }
}
