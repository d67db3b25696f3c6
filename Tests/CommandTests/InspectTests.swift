import Foundation
import TestSupport
import Testing

@Suite struct InspectTests {
  /// What `tools/build-field --for` goes by: operators of branches too, and those that only stand between two passes; passes
  /// that change something; doubles, since the types in branches are not known.
  @Test func everyOperatorBeforeAndAfterThePasses() throws {
    let model = ProgramRun.root.appending(path: "Fixtures/models/branches.onnx").path
    let run = try ProgramRun("giemsa-field", ["inspect", model, "--operators"])
    let wanted = ["If", "Add", "Relu", "Identity", "inline-branches", "drop-identity", "drop-dead-nodes", "doubles"]
    #expect(run.status == 0 && run.output == wanted.joined(separator: "\n") + "\n", "\(run.output)\(run.error)")
  }
}
