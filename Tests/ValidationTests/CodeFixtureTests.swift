import Foundation
import ModelGraph
import Testing
import Text
import Validation

/// Every file of Fixtures/codes triggers the code its name begins with, and every code has a file.
@Suite struct CodeFixtureTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private static func allFiles() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent("Fixtures/codes").path)
      .filter { $0.hasSuffix(".onnx") }.sorted()
  }

  /// All but E404, which takes a plan: `tools/test-gate` checks it.
  private static func files() throws -> [String] { try allFiles().filter { !$0.hasPrefix("E404") } }

  private static func findings(_ file: String, _ budgets: Budgets? = nil) -> Findings {
    Validator.findings(
      path: root.appendingPathComponent("Fixtures/codes/\(file)").path, budgets: budgets ?? Self.budgets(file))
  }

  /// What the file of a budget's code exceeds.
  private static func budgets(_ file: String) -> Budgets {
    var budgets = Budgets()
    switch file.prefix(4) {
    case "E401": budgets.bytes = 100
    case "E402": budgets.parameters = 117
    case "E403": budgets.multiplyAdds = 6919
    case "E405": budgets.opsets = 7...20
    case "E406": budgets.operators = [ExactText("Conv"), ExactText("GlobalAveragePool"), ExactText("Flatten")]
    case "E407": budgets.target = .openvino
    case "E408": budgets.wantsFreeBatch = true
    default: break
    }
    return budgets
  }

  @Test func budgetsThatAreKeptAreNotReported() throws {
    var budgets = Budgets()
    budgets.bytes = 1 << 20
    (budgets.parameters, budgets.multiplyAdds) = (118, 6920)
    budgets.opsets = 21...21
    budgets.operators = Set(["Conv", "GlobalAveragePool", "Flatten", "Gemm"].map { ExactText($0) })
    budgets.wantsFreeBatch = true
    for target in Target.allCases {
      budgets.target = target
      #expect(Self.findings("E401-size.onnx", budgets).map { $0.text } == [], "\(target.name)")
    }
  }

  @Test func findingsNameTheirNodeAndTensor() throws {
    let scale = try #require(Self.findings("W306-scale.onnx").first)
    #expect(scale.node == "quantize")
    #expect(scale.tensor == "scale")
    let attribute = try #require(Self.findings("E206-attribute.onnx").first)
    #expect(attribute.node == "conv")
    #expect(try #require(Self.findings("E112-short-data.onnx").first).tensor == "w")
    #expect(try #require(Self.findings("E210-output.onnx").first).tensor == "z")
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
    let covered = Set(try Self.allFiles().map { String($0.prefix(4)) })
    // SignatureTests has those of signatures, which are asked for only where keys are given. The
    // constant of W317 has more than 1 MiB (SenseCheckTests).
    let elsewhere: [Code] = [.unsigned, .badSignature, .foldable]
    for code in Code.allCases where !elsewhere.contains(code) {
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
