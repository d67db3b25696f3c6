import Foundation
import TestSupport
import Testing

/// `giemsa sign` and minisign's own program understand each other, and giemsa-field takes what either signed.
@Suite(.enabled(if: FileManager.default.fileExists(atPath: "/usr/bin/minisign"), "minisign is not installed"))
struct SignTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func run(_ script: String) throws -> ProgramRun {
    let start = "cd '\(folder.path)' && minisign -G -W -f -p key.pub -s key.sec > /dev/null && cp \"$MODEL\" m.onnx\n"
    let model = ProgramRun.root.appendingPathComponent("Fixtures/models/cells.onnx").path
    return try ProgramRun(script: start + script, ["MODEL": model])
  }

  @Test func minisignVerifiesOurs() throws {
    let run = try run("$LAB sign m.onnx --key key.sec --comment 'of cells' && minisign -V -p key.pub -m m.onnx")
    #expect(run.status == 0, "\(run.error)")
    #expect(run.output.hasPrefix("m.onnx.minisig\n"))
    #expect(run.output.contains("Signature and comment signature verified"))
    #expect(run.output.contains("file:m.onnx\thashed\tof cells"))
  }

  @Test func weVerifyBoth() throws {
    let ways = [
      "$LAB sign m.onnx --key key.sec", "minisign -S -W -s key.sec -m m.onnx", "minisign -S -W -l -s key.sec -m m.onnx",
    ]
    for sign in ways {
      let run = try run(
        """
        \(sign) > /dev/null 2> signing || { cat signing; exit 9; }
        $FIELD validate m.onnx --trusted key.pub && $FIELD inspect m.onnx --summary --trusted key.pub > /dev/null
        """)
      #expect(run.status == 0, "\(sign): \(run.output) \(run.error)")
    }
  }

  @Test func everyCommandRefuses() throws {
    let commands = [
      "validate m.onnx", "inspect m.onnx", "verify m.onnx cases", "bench m.onnx", "infer m.onnx pictures",
      "count m.onnx pictures", "compare m.onnx m.onnx", "draw m.onnx --out m.svg", "upgrade m.onnx --out u.onnx",
    ]
    for command in commands {
      let run = try run("mkdir -p pictures cases; touch cases/input_0.pb; $FIELD \(command) --trusted key.pub")
      #expect(run.status == 1, "\(command): \(run.output) \(run.error)")
      #expect((run.output + run.error).contains("E118"), "\(command): \(run.output) \(run.error)")
    }
  }

  @Test func everyCommandTakesWhatIsSigned() throws {
    let commands = [
      "validate m.onnx", "inspect m.onnx --summary", "bench m.onnx --seconds 0", "compare m.onnx m.onnx",
      "draw m.onnx --out m.svg", "upgrade m.onnx --opset 13 --out u.onnx",
    ]
    for command in commands {
      let run = try run("$LAB sign m.onnx --key key.sec && $FIELD \(command) --trusted key.pub")
      #expect(run.status == 0, "\(command): \(run.output) \(run.error)")
    }
  }

  @Test func anotherKeyIsRefused() throws {
    let run = try run(
      """
      $LAB sign m.onnx --key key.sec > /dev/null
      minisign -G -W -f -p other.pub -s other.sec > /dev/null
      $FIELD validate m.onnx --trusted other.pub; echo $?
      $FIELD validate m.onnx --trusted other.pub --trusted key.pub > /dev/null; echo $?
      ln -s key.pub link.pub
      $FIELD validate m.onnx --trusted link.pub; echo $?
      """)
    #expect(run.output.contains("E119") && run.output.hasSuffix("\n1\n0\n2\n"), "\(run.output)")
    #expect(run.error == "giemsa-field validate: link.pub: is not a regular file (links are not followed)\n")
  }

  @Test func nothingIsSignedThatIsNoModel() throws {
    let run = try run(
      """
      echo text > t.onnx
      $LAB sign t.onnx --key key.sec; echo $?
      $LAB sign m.onnx --key key.pub; echo $?
      $LAB sign m.onnx --key nowhere.sec; echo $?
      head -c 200 key.sec > short.sec
      $LAB sign m.onnx --key short.sec; echo $?
      ls *.minisig 2> /dev/null
      """)
    #expect(run.output == "1\n1\n1\n1\n", "\(run.output)")
    #expect(run.errorLines.count == 4, "\(run.error)")
  }
}
