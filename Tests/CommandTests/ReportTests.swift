import Foundation
import Imaging
import ONNXFormat
import TestSupport
import Testing

/// `evaluate --report` on ordinary and unusual folders and models.
@Suite struct ReportTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func model(classes: Int) throws -> String {
    let path = folder.path("model-\(classes).onnx")
    try ONNXFile.write(try SmallModel.graph(classes: classes), to: path)
    return path
  }

  private func cells(_ counts: [String: Int]) throws -> String {
    for (label, count) in counts {
      let path = try folder.folder("cells/\(label)")
      for index in 0..<count {
        let pixels = (0..<(9 * 7 * 3)).map { UInt8(($0 * (index + 3) + label.count) % 256) }
        try PNGFile.write(
          Picture(width: 9, height: 7, pixels: pixels), to: "\(path)/S\(index % 3)_IMG_cell_\(index).png")
      }
    }
    return folder.path("cells")
  }

  private func page(_ arguments: [String]) throws -> String {
    let out = folder.path("report.html")
    let run = try ProgramRun("giemsa", ["evaluate"] + arguments + ["--report", out])
    #expect(run.status == 0, "\(run.error)")
    let text = String(decoding: try Data(contentsOf: URL(filePath: out)), as: UTF8.self)
    #expect(text.hasSuffix("</html>\n") && !text.contains("nan"))
    return text
  }

  @Test func aPageThatCannotBeWritten() throws {
    let (model, data) = (try model(classes: 2), try cells(["class 0": 3, "class 1": 3]))
    let nowhere = folder.path("no/such/page.html")
    try expectOneClearLine("giemsa", ["evaluate", model, data, "--report", nowhere], naming: ["page.html"])
    try expectOneClearLine("giemsa", ["evaluate", model, data, "--report", data], naming: ["a folder"])
  }

  @Test func oneClassOnly() throws {
    let (model, data) = (try model(classes: 2), try cells(["class 0": 3]))
    let out = folder.path("page.html")
    try expectOneClearLine("giemsa", ["evaluate", model, data, "--report", out], naming: ["one class", "class 0"])
    #expect(!FileManager.default.fileExists(atPath: out))
  }

  @Test func otherClasses() throws {
    let (model, data) = (try model(classes: 2), try cells(["class 0": 3, "class 7": 3]))
    let out = folder.path("page.html")
    try expectOneClearLine("giemsa", ["evaluate", model, data, "--report", out], naming: ["class 1", "class 7"])
  }

  @Test func onePictureAClass() throws {
    let text = try page([try model(classes: 2), try cells(["class 0": 1, "class 1": 1])])
    #expect(text.contains("2 cells of 1 slides") || text.contains("2 cells"))
    #expect(text.contains("No heat maps"))
    #expect(text.contains("Most confused classes"))
  }

  @Test func threeClasses() throws {
    let data = try cells(["class 0": 4, "class 1": 3, "class 2": 2])
    let text = try page([try model(classes: 3), data, "--positive", "class 1", "--tta"])
    #expect(text.contains("class 1 against all others"))
    #expect(text.contains("test-time augmentation"))
  }

  @Test func namesAreEscaped() throws {
    var graph = try SmallModel.graph(classes: 2)
    let names = "[\"<script>a&b\", \"well\"]"
    graph.metadata = graph.metadata.map { $0.key == "giemsa.classes" ? ($0.key, names) : $0 }
    try ONNXFile.write(graph, to: folder.path("odd.onnx"))
    let text = try page([folder.path("odd.onnx"), try cells(["<script>a&b": 2, "well": 2])])
    #expect(text.contains("&lt;script&gt;a&amp;b") && !text.contains("<script>a"))
  }
}
