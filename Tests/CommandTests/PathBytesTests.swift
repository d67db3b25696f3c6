import Imaging
import ModelGraph
import ONNXFormat
import TestSupport
import Testing

/// File names are bytes; names that are not UTF-8 must work too.
@Suite struct PathBytesTests {
  private let folder: TemporaryFolder
  private var variables: [String: String] { ["M": folder.path("m.onnx"), "D": folder.url.path] }
  /// `latin é` in ISO 8859-1, and bytes that are invalid in every encoding.
  private static let prelude = "n=$(printf 'lat\\351'); odd=$(printf '\\377\\200x'); cd $D; "

  init() throws {
    folder = try TemporaryFolder()
    try ONNXFile.write(try SmallModel.graph(), to: folder.path("m.onnx"))
    try PNGFile.write(Picture(width: 9, height: 9), to: folder.path("ok.png"))
    let data = try folder.folder("case")
    try ONNXFile.writeTensor(try Tensor(zeros: [1, 3, 8, 8]), name: "x", to: data + "/input_0.pb")
    try ONNXFile.writeTensor(try Tensor([1, 2], [Float(0), 1]), name: "y", to: data + "/output_0.pb")
  }

  private func run(_ script: String) throws -> ProgramRun { try ProgramRun(script: Self.prelude + script, variables) }

  @Test func inFoldersAndAsArguments() throws {
    let run = try run(
      "mkdir -p x/\"$n\"; for f in x/ok x/$n x/$odd x/$n/deep; do cp ok.png \"$f.png\"; done; cp ok.png \"$odd.png\"; "
        + "\"$FIELD\" infer m.onnx x \"$odd.png\" --format csv")
    #expect(run.status == 0, "\(run.error)")
    let paths = run.output.split(separator: "\n").dropFirst().map { String($0.prefix { $0 != "," }) }
    #expect(paths == [#"x/lat\xe9/deep.png"#, #"x/lat\xe9.png"#, "x/ok.png", #"x/\xff\x80x.png"#, #"\xff\x80x.png"#])
  }

  @Test func jsonStaysJSON() throws {
    let run = try run(
      "cp ok.png \"$n.png\"; \"$FIELD\" infer m.onnx \"$n.png\" --format jsonl | iconv -f UTF-8 -t UTF-8")
    #expect(run.status == 0 && run.output.contains("\"class\""), "\(run.output) \(run.error)")
  }

  @Test func modelsCasesAndOutputs() throws {
    let run = try run(
      """
      cp m.onnx "$n.onnx"; mkdir "$n"; cp -r case "$n/$odd"
      for c in "validate" "inspect" "bench --seconds=0"; do "$FIELD" $c "$n.onnx" >/dev/null || exit 3; done
      "$FIELD" verify "$n.onnx" "$n/$odd" || exit 4
      "$FIELD" verify "$n.onnx" "$n" || exit 5
      "$FIELD" infer "$n.onnx" ok.png --format csv --output "$odd.csv" && "$FIELD" infer m.onnx ok.png --output="$n.txt" \
        && ls "$odd.csv" "$n.txt" >/dev/null && ls -a | grep -c giemsa
      """)
    // No temporary file is left: grep counts none.
    #expect(run.status == 1 && run.output.hasSuffix("0\n"), "\(run.status) \(run.output) \(run.error)")
  }

  @Test func errorsNameThem() throws {
    let run = try run("\"$FIELD\" infer m.onnx \"no-$n.png\"")
    #expect(run.status == 1 && run.errorLines.count == 1)
    #expect(run.error.contains(#"no-lat\xe9.png: No such file or directory"#), "\(run.error)")
  }

  /// The private-use characters that represent invalid bytes may occur in names themselves.
  @Test func standInsAreNames() throws {
    let run = try run("f=$(printf '\\364\\217\\277\\251'); cp ok.png \"$f.png\"; \"$FIELD\" infer m.onnx \"$f.png\"")
    #expect(run.status == 0, "\(run.error)")
  }
}
