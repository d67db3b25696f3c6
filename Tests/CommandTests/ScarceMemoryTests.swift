import Foundation
import Imaging
import ModelGraph
import ONNXFormat
import PictureModels
import TestSupport
import Testing

/// Under any memory limit `infer` either answers or reports that memory is short; no signal ends it.
@Suite struct ScarceMemoryTests {
  /// 9 MB of weights that are folded and packed, and a picture of 12 MB.
  @Test func anyLimitEndsInAnAnswerOrALine() throws {
    let folder = try TemporaryFolder()
    var graph = Graph(name: "wide")
    var x = graph.addInput("input", Declaration(.float32, [.symbol("N"), .fixed(3), .fixed(32), .fixed(32)]))
    for (layer, channels) in [(3, 512), (512, 512)].enumerated() {
      let weights = try Tensor(zeros: [channels.1, channels.0, 3, 3])
      let conv = try Operator(named: "Conv", inputCount: 2, [.ints("pads", [1, 1, 1, 1])])
      x = graph.add(conv, "conv\(layer)", [x, graph.addConstant("w\(layer)", weights)])
      let ones = try Tensor([channels.1], [Float](repeating: 1, count: channels.1))
      let normalize = try Operator(named: "BatchNormalization", inputCount: 5)
      x = graph.add(normalize, "bn\(layer)", [x] + (0..<4).map { graph.addConstant("bn\(layer)_\($0)", ones) })
    }
    let flat = graph.add(
      try Operator(named: "Flatten"), "flat", [graph.add(try Operator(named: "GlobalAveragePool"), "pool", [x])])
    let head = graph.addConstant("head", try Tensor(zeros: [512, 2]))
    graph.outputs = [graph.add(try Operator(named: "Gemm", inputCount: 2), "logits", [flat, head])]
    var metadata = ModelMetadata()
    metadata.classes = ["a", "b"]
    metadata.inputSize = [32, 32]
    metadata.mean = [0.5, 0.5, 0.5]
    metadata.std = [0.25, 0.25, 0.25]
    graph.metadata = metadata.entries
    try ONNXFile.write(graph, to: folder.path("m.onnx"))
    try PNGFile.write(Picture(width: 2000, height: 2000), to: folder.path("big.png"))
    try PNGFile.write(Picture(width: 20, height: 20), to: folder.path("small.png"))

    // From too little to load the program, where the system ends it before it runs, to enough.
    let script = """
      cd $D; for v in $(seq 8000 1500 120000); do
        (ulimit -v $v; exec "$FIELD" --version >/dev/null 2>&1); [ $? -lt 126 ] || { echo "$v unloaded"; continue; }
        (ulimit -v $v; exec "$FIELD" infer m.onnx big.png small.png --threads 2 >out 2>err); s=$?
        echo "$v $s $(wc -l <out) $(wc -l <err) $(tail -n 1 err | tr -c '[:print:]' ' ')"
      done
      """
    let run = try ProgramRun(script: script, ["D": folder.url.path])
    let lines = run.output.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 4) }
    #expect(lines.count == 75)
    for line in lines {
      switch line[1] {
      case "unloaded": #expect(Int(line[0]).map { $0 < 40_000 } == true, "\(line)")
      case "0": #expect(line[2] == "5", "\(line)")
      case "1": #expect(line[3] != "0", "\(line)")
      default: Issue.record("\(line)")
      }
    }
    #expect(lines.last?[1] == "0")
    #expect(lines.contains { $0[1] == "1" })
  }
}
