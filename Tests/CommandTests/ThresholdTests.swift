import Foundation
import Imaging
import ONNXFormat
import TestSupport
import Testing

/// Balanced draws, and a threshold that is chosen in training and applied by every command after it.
@Suite struct ThresholdCommandTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Few infected cells, which are darker on the average; the classes overlap.
  private func cells(infected: Int = 16, healthy: Int = 48) throws -> String {
    for (name, count, shade) in [("healthy", healthy, 140), ("infected", infected, 110)] {
      _ = try folder.folder("cells/\(name)")
      for index in 0..<count {
        let level = shade + (index * 37) % 61 - 30
        let pixels = (0..<(16 * 16 * 3)).map { UInt8(level + ($0 * (index + 3)) % 17) }
        try PNGFile.write(
          Picture(width: 16, height: 16, pixels: pixels),
          to: folder.path("cells/\(name)/S\(index % 4)_IMG_\(index).png"))
      }
    }
    return folder.path("cells")
  }

  private func train(_ data: String, _ more: [String], out: String = "run") throws -> ProgramRun {
    try ProgramRun(
      "giemsa",
      [
        "train", data, "--arch", "resnet18", "--size", "16", "--epochs", "2", "--batch", "16", "--threads", "1",
        "--normalize", "imagenet", "--out", folder.path(out),
      ] + more)
  }

  private func metadata(_ name: String) throws -> [String: String] {
    Dictionary(try ONNXFile.read(folder.path(name)).metadata.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
  }

  private func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: folder.path(name))) }

  @Test func aThresholdGoesWithTheModel() throws {
    let data = try cells()
    try Data("black 0\n".utf8).write(to: URL(filePath: "\(data)/cell.txt"))
    let run = try train(data, ["--threshold-for", "sensitivity=1", "--balance", "equal"])
    #expect(run.status == 0, "\(run.error)")
    #expect(run.error.contains("an epoch draws healthy 24, infected 24 of 48 training pictures"), "\(run.error)")
    #expect(run.error.contains("from a probability of 0."), "\(run.error)")
    let card = try String(contentsOfFile: folder.path("run/card.md"), encoding: .utf8)
    #expect(card.contains("This threshold was chosen on these same cells for sensitivity=1.0"), "\(card)")
    #expect(card.contains("draws per epoch: healthy 24, infected 24"))
    // A class that is rare is found by its precision, and the best epoch with it.
    #expect(card.contains("chosen by its average precision (") && run.error.contains(", average precision "))
    let history = try String(contentsOfFile: folder.path("run/history.csv"), encoding: .utf8)
    #expect(history.hasPrefix("epoch,train_loss,valid_loss,accuracy,average_precision\n"))

    let exported = try ProgramRun("giemsa", ["export", folder.path("run"), "--out", folder.path("m.onnx")])
    #expect(exported.status == 0)
    let known = try metadata("m.onnx")
    let threshold = try #require(known["giemsa.threshold"].flatMap { Double($0) })
    #expect(threshold > 0 && threshold < 1)
    #expect(known["giemsa.sensitivity"] == "4/4" && known["giemsa.specificity"]?.hasSuffix("/12") == true)
    #expect(known["giemsa.cell"] == "black 0")
    #expect(try metadata("run/best.onnx")["giemsa.threshold"] == nil)

    // The field program counts as the lab does.
    let answered = try ProgramRun("giemsa-field", ["infer", folder.path("m.onnx"), data, "--format", "csv"])
    var infected: Set<String> = []
    for line in answered.output.split(separator: "\n").dropFirst() {
      let parts = line.split(separator: ",").map { String($0) }
      let probability = try #require(Double(parts[4]))
      #expect((parts[1] == "infected") == (probability >= threshold - 1e-6), "\(line), \(threshold)")
      if parts[1] == "infected" { infected.insert(parts[0]) }
    }
    let evaluated = try ProgramRun("giemsa", ["evaluate", folder.path("m.onnx"), data])
    #expect(evaluated.output.contains("positive class: infected (recorded with the model); from a probability of"))
    let missed = 16 - infected.count { $0.contains("/infected/") }
    #expect(evaluated.output.contains("(\(missed) of 16 infected predicted as healthy)"), "\(evaluated.output)")
    // The run has the same threshold; on its validation pictures none is missed.
    let own = try ProgramRun(
      "giemsa", ["evaluate", folder.path("run"), data, "--report", folder.path("report.html")])
    #expect(own.output.contains("(0 of 4 infected predicted as healthy)"), "\(own.output)")
    let page = try String(contentsOfFile: folder.path("report.html"), encoding: .utf8)
    #expect(page.contains("from a probability of"))

    // Of two classes, the other one has the rest of the threshold and the rates swapped.
    _ = try ProgramRun(
      "giemsa", ["export", folder.path("run"), "--positive", "healthy", "--out", folder.path("other.onnx")])
    let other = try metadata("other.onnx")
    #expect(other["giemsa.threshold"].flatMap { Double($0) }.map { abs($0 + threshold - 1) < 1e-9 } == true)
    #expect(other["giemsa.specificity"] == "4/4" && other["giemsa.sensitivity"] == known["giemsa.specificity"])
    _ = try ProgramRun(
      "giemsa", ["export", folder.path("m.onnx"), "--positive", "healthy", "--out", folder.path("again.onnx")])
    #expect(try metadata("again.onnx")["giemsa.threshold"] == other["giemsa.threshold"])

    let quantised = try ProgramRun(
      "giemsa",
      ["quantize", folder.path("run"), "--calibrate", data, "--method", "minmax", "--out", folder.path("q.onnx")])
    #expect(quantised.status == 0, "\(quantised.error)")
    let small = try metadata("q.onnx")
    #expect(small["giemsa.threshold"] == known["giemsa.threshold"] && small["giemsa.cell"] == "black 0")
    #expect(
      small["giemsa.sensitivity"]?.hasSuffix("/4") == true && small["giemsa.specificity"]?.hasSuffix("/12") == true)

    // Cells that were cut in another way.
    try Data("real 0.15\n".utf8).write(to: URL(filePath: "\(data)/cell.txt"))
    let warned = try ProgramRun("giemsa", ["evaluate", folder.path("m.onnx"), data])
    #expect(warned.error.contains("the cells here were cut as 'real 0.15'"), "\(warned.error)")
  }

  /// Threshold and rates are those of the mean over eight orientations, and so are evaluation and the int8 model.
  @Test func looksGoWithTheModel() throws {
    let data = try cells()
    let run = try train(data, ["--threshold-for", "sensitivity=1", "--looks", "8"])
    #expect(run.status == 0, "\(run.error)")
    let exported = try ProgramRun("giemsa", ["export", folder.path("run"), "--out", folder.path("m.onnx")])
    #expect(exported.status == 0)
    let known = try metadata("m.onnx")
    #expect(known["giemsa.looks"] == "8" && known["giemsa.sensitivity"] == "4/4")
    let own = try ProgramRun("giemsa", ["evaluate", folder.path("run"), data])
    #expect(own.output.contains("(0 of 4 infected predicted as healthy)"), "\(own.output)")
    let turned = try ProgramRun("giemsa", ["evaluate", folder.path("run"), data, "--tta"])
    #expect(turned.output == own.output)
    let quantised = try ProgramRun(
      "giemsa",
      ["quantize", folder.path("run"), "--calibrate", data, "--method", "minmax", "--out", folder.path("q.onnx")])
    #expect(quantised.status == 0, "\(quantised.error)")
    #expect(try metadata("q.onnx")["giemsa.looks"] == "8")
    let refused = try train(data, ["--looks", "4"], out: "other")
    #expect(refused.status != 0 && refused.error.contains("--looks 4 must be 1 or 8"), "\(refused.error)")
  }

  @Test func balancedRunsResume() throws {
    let data = try cells()
    let recipe = ["--balance", "0.4", "--draws", "40", "--threshold-for", "f1", "--mixup", "0.4"]
    #expect(try train(data, recipe, out: "whole").status == 0)
    // Stopped by a closed terminal after the first steps.
    let line = (try trainLine(data, recipe + ["--save-every", "1"], out: "cut"))
    _ = try ProgramRun(
      script:
        "\(line) >/dev/null 2>&1 & P=$!; for i in $(seq 600); do [ -e '\(folder.path("cut/last.state"))' ] && break; "
        + "sleep 0.05; done; kill -9 $P; wait $P; true")
    let resumed = try train(data, recipe + ["--resume", "--save-every", "1"], out: "cut")
    #expect(resumed.status == 0, "\(resumed.error)")
    for name in ["best.onnx", "last.onnx", "history.csv"] {
      #expect(try bytes("whole/\(name)") == bytes("cut/\(name)"), "\(name)")
    }
    func results(_ name: String) throws -> String {
      let text = try String(contentsOfFile: folder.path("\(name)/settings.json"), encoding: .utf8)
      return String(text[try #require(text.range(of: "\"results\"")).lowerBound...].prefix { $0 != "}" })
    }
    let told = try results("whole")
    #expect(try told == results("cut") && told.contains("\"threshold\""), "\(told)")
    // A finished run that is resumed keeps its threshold.
    #expect(try train(data, recipe + ["--resume"], out: "whole").status == 0)
    #expect(try results("whole") == told)
    try expectOneClearLine(
      "giemsa",
      try arguments(
        data, ["--balance", "0.3", "--draws", "40", "--threshold-for", "f1", "--mixup", "0.4", "--resume"], "whole"),
      naming: ["--balance or --draws"])
  }

  private func arguments(_ data: String, _ more: [String], _ out: String) throws -> [String] {
    [
      "train", data, "--arch", "resnet18", "--size", "16", "--epochs", "2", "--batch", "16", "--threads", "1",
      "--normalize", "imagenet", "--out", folder.path(out),
    ] + more
  }

  private func trainLine(_ data: String, _ more: [String], out: String) throws -> String {
    "\"$LAB\" " + (try arguments(data, more, out)).map { "'\($0)'" }.joined(separator: " ")
  }

  @Test func foldsHaveTheirOwnThresholds() throws {
    let data = try cells()
    let run = try train(data, ["--folds", "2", "--threshold-for", "specificity=0.9", "--epochs", "1"])
    #expect(run.status == 0, "\(run.error)")
    let text = try String(contentsOfFile: folder.path("run/folds.csv"), encoding: .utf8)
    #expect(text.contains("fold"), "\(text)")
    let evaluated = try ProgramRun("giemsa", ["evaluate", folder.path("run"), data])
    #expect(evaluated.status == 0 && evaluated.output.contains("64 pictures"))
  }

  @Test func optionsThatMakeNoSense() throws {
    let data = try cells(infected: 4, healthy: 4)
    for (more, status, part) in [
      (["--balance", "0"], 2, "must be equal, or a fraction"),
      (["--balance", "0.6"], 2, "must be equal, or a fraction"),
      (["--balance", "half"], 2, "must be equal, or a fraction"), (["--draws", "0"], 2, "--draws 0"),
      (["--threshold-for", "accuracy"], 2, "must be f1, specificity=S or sensitivity=S"),
      (["--threshold-for", "specificity=1.5"], 2, "must be f1"),
      (["--threshold-for", "specificity="], 2, "must be f1"),
    ] {
      let run = try train(data, more)
      #expect(run.status == status && run.error.contains(part), "\(more): \(run.error)")
    }
    for (index, name) in ["a", "b", "c"].enumerated() {
      _ = try folder.folder("three/\(name)")
      for picture in 0..<4 {
        let pixels = [UInt8](repeating: UInt8(index * 50 + picture), count: 16 * 16 * 3)
        try PNGFile.write(
          Picture(width: 16, height: 16, pixels: pixels), to: folder.path("three/\(name)/\(picture).png"))
      }
    }
    let three = folder.path("three")
    #expect(try train(three, ["--balance", "0.4"]).error.contains("3 classes cannot each have that; at most 0.333"))
    #expect(try train(three, ["--threshold-for", "f1"]).error.contains("name it with --positive"))
    try Data("real\n".utf8).write(to: URL(filePath: "\(three)/cell.txt"))
    #expect(try train(three, []).error.contains("does not say how the cells were cut"))
  }
}
