import Foundation
import Imaging
import ONNXFormat
import TestSupport
import Testing

/// The lab's commands read every format, under whatever names, and scale data of 12 bits if told so.
@Suite struct LabPictureTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = folder.path("cells")
    let kinds = [
      "healthy": ["420.jpg", "rgb24.bmp", "rgb8.tif", "lossy.webp", "rgb8.png"],
      "infected": ["cmyk.jpg", "rgb565.bmp", "jpeg.tif", "lossless.webp", "rgba8.png"],
    ]
    for (name, kinds) in kinds {
      for (index, kind) in kinds.enumerated() {
        let file = ProgramRun.root.appending(path: "Fixtures/pictures/kind-\(kind)")
        try folder.write([UInt8](try Data(contentsOf: file)), to: "cells/\(name)/S\(index)_IMG_1.png")
      }
    }
    for (index, name) in ["healthy", "infected"].enumerated() {
      try folder.write(
        RawPNG.rgb16(width: 9, height: 9) { UInt16($0 * (16 + index) % 4096) }, to: "cells/\(name)/S6_IMG_1.tif")
    }
  }

  private func lab(_ arguments: [String]) throws -> ProgramRun {
    let run = try ProgramRun("giemsa", arguments)
    #expect(run.status == 0, "\(arguments): \(run.error)")
    return run
  }

  private let recipe = ["--arch", "resnet18", "--size", "16", "--epochs", "1", "--batch", "4", "--threads", "1"]

  @Test func everyFormatInEveryCommand() throws {
    let (run, model) = (folder.path("run"), folder.path("m.onnx"))
    let trained = try lab(["train", data, "--bits", "12", "--out", run] + recipe)
    #expect(!trained.error.contains("16 bits per channel"), "\(trained.error)")
    _ = try lab(["export", run, "--out", model])
    let metadata = try ONNXFile.read(model).metadata
    #expect(metadata.contains { $0.key == "giemsa.bits" && $0.value == "12" })
    // The model says that there are 12 bits.
    for arguments in [
      ["evaluate", model, data, "--report", folder.path("report.html")],
      ["quantize", model, "--calibrate", data, "--out", folder.path("q.onnx")],
      ["show-batch", data, "--bits", "12", "--out", folder.path("batch.png")],
    ] {
      #expect(try !lab(arguments).error.contains("16 bits per channel"))
    }
    let field = try ProgramRun("giemsa-field", ["infer", model, data, "--format", "csv"])
    #expect(field.status == 0 && field.output.split(separator: "\n").count == 13, "\(field.error)")
    #expect(!field.error.contains("16 bits per channel"), "\(field.error)")
  }

  @Test func dataOfTwelveBitsIsWarnedOf() throws {
    let run = try lab(["train", data, "--out", folder.path("run")] + recipe)
    let warnings = run.errorLines.filter { $0.contains("16 bits per channel") }
    #expect(warnings.count == 2 && warnings.allSatisfy { $0.contains("train with --bits 12") }, "\(run.error)")
  }
}
