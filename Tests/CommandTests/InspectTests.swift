import Foundation
import TestSupport
import Testing

@Suite struct InspectTests {
  /// What `tools/build-field --for` goes by: operators of branches too, and those that only stand between two passes.
  @Test func everyOperatorBeforeAndAfterThePasses() throws {
    let model = ProgramRun.root.appending(path: "Fixtures/models/branches.onnx").path
    let run = try ProgramRun("giemsa-field", ["inspect", model, "--operators"])
    #expect(run.status == 0 && run.output == "If\nAdd\nRelu\nIdentity\n", "\(run.output)\(run.error)")
  }
}
