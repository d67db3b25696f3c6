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
    discussion: """
      Exit status: 0 all well; 1 something was wrong with what it was given, or a result could not be written (standard \
      output too); 2 the command line was wrong; 130 stopped by Ctrl-C; 141 the reader of standard output has gone.
      """,
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
    // Nor a limit on the size of files: a write says so, as on a full disk.
    signal(SIGXFSZ, SIG_IGN)
    let status = Console.finish(status(), program: "giemsa")
    RunLock.release()
    // Not `exit`: where memory is short, OpenBLAS's own end waits for threads that it never got.
    _exit(status)
  }

  /// What is wrong with the command's name, before anything else of the line is looked at.
  private static var unknownCommand: String? {
    let known = configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]
    guard let name = CommandLine.arguments.dropFirst().first, !name.hasPrefix("-"), !known.contains(name) else {
      return nil
    }
    return "unknown command '\(name)'\(NearestName.question(name, in: known)); giemsa --help lists them"
  }

  private static func status() -> Int32 {
    if let complaint = unknownCommand {
      complain("giemsa: \(complaint)")
      return 2
    }
    do {
      var command = try parseAsRoot()
      try command.run()
      return Missing.isSomething ? 1 : 0
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
