import Testing
import Text

@Suite struct NearestNameTests {
  private let commands = ["infer", "verify", "validate", "bench", "inspect"]

  @Test(arguments: [
    ("infre", "infer"), ("validte", "validate"), ("verfy", "verify"), ("Bench", "bench"), ("inspct", "inspect"),
  ])
  func misspeltNamesAreRecognised(_ name: String, _ meant: String) {
    #expect(NearestName.nearest(to: name, in: commands) == meant)
  }

  @Test(arguments: ["", "x", "train", "help me", String(repeating: "infer", count: 100)])
  func othersAreNot(_ name: String) { #expect(NearestName.nearest(to: name, in: commands) == nil) }

  @Test func theQuestionNamesIt() {
    #expect(NearestName.question("--formt", in: ["--format", "--force"]) == " (did you mean '--format'?)")
    #expect(NearestName.question("--xyz", in: ["--format"]) == "")
  }
}
