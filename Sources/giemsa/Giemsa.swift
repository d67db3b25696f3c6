import ArgumentParser
import Foundation
import Platform
import Text
import Text

/// The lab: trains, evaluates, exports and quantises. Exit status: 0 all well, 1 something was wrong with what it was given,
/// 2 the command line was, 130 stopped by Ctrl-C.
@main
struct Giemsa: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "giemsa",
    abstract: "Trains residual networks on pictures of blood cells and exports them as ONNX.",
    version: "giemsa \(version)",
    subcommands: [
      TrainCommand.self, FineTuneCommand.self, FindRateCommand.self, EvaluateCommand.self, ShowBatchCommand.self,
      ExportCommand.self,
      QuantizeCommand.self, SynthesizeCommand.self,
      BenchTrainingCommand.self,
    ])

  static let version = "0.1.0"

  /// ArgumentParser's own `main`, but with every mistake in one line that begins with the program's name, and a status
  /// that tells of output that was lost.
  static func main() {
    platform_keep_standard_streams()
    // A reader that goes away must not end a training: `Console` remembers it.
    signal(SIGPIPE, SIG_IGN)
    Foundation.exit(Console.finish(status(), program: "giemsa"))
  }

  private static func status() -> Int32 {
    do {
      var command = try parseAsRoot()
      try command.run()
      return 0
    } catch let status as ExitCode {
      return status.rawValue
    } catch  where exitCode(for: error) == .success {
      Console.out(fullMessage(for: error))  // help or the version was asked for
      return 0
    } catch {
      let rank = Rank.isFirst ? "" : "rank \(Rank.number) on \(ProcessInfo.processInfo.hostName): "
      // What is wrong everywhere is said once: mpirun ends the others when the first has said it.
      if !Rank.isFirst { sleep(2) }
      complainAsRank("giemsa: \(rank)\(message(for: error))")
      return 2
    }
  }
}
