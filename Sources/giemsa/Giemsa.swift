import ArgumentParser
import Foundation
import Platform
import Text

/// The lab's program: trains, evaluates, exports and quantises. Exit status: 0 success; 1 an input was wrong or a
/// result could not be written; 2 the command line was wrong; 130 stopped by Ctrl-C; 141 the reader of standard output
/// has gone.
@main
struct Giemsa: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "giemsa",
    abstract: "Trains residual networks on pictures of blood cells and exports them as ONNX.",
    discussion: """
      Exit status: 0 success; 1 an input was wrong or a result could not be written (including standard output); 2 the \
      command line was wrong; 130 stopped by Ctrl-C; 141 the reader of standard output has gone.
      """,
    version: "giemsa \(version)",
    subcommands: [
      TrainCommand.self, FineTuneCommand.self, FindRateCommand.self, EvaluateCommand.self, ShowBatchCommand.self,
      ExportCommand.self, CardCommand.self, SignCommand.self,
      CutCommand.self, QuantizeCommand.self, SynthesizeCommand.self,
      BenchTrainingCommand.self, GradientsCommand.self,
    ])

  static let version = "0.1.0"

  /// Like ArgumentParser's `main`, but every error is one line that begins with the program's name, and lost output
  /// changes the exit status.
  static func main() {
    platform_keep_standard_streams()
    checkLimits()
    // A closed pipe must not end a training run: `Console` records it instead.
    signal(SIGPIPE, SIG_IGN)
    // The same for a limit on file sizes: the write then reports an error, as on a full disk.
    signal(SIGXFSZ, SIG_IGN)
    let status = Console.finish(status(), program: "giemsa")
    RunLock.release()
    // `_exit`, not `exit`: when memory is short, OpenBLAS's exit handler waits for threads that it could not start.
    _exit(status)
  }

  /// libdispatch ends the program by a signal where it cannot open its own descriptors; where there is no memory for a
  /// thread, it and OpenBLAS ask for it again without end.
  private static func checkLimits() {
    let (leastFiles, files) = (16, sysconf(Int32(_SC_OPEN_MAX)))
    if files >= 0, files < leastFiles {
      complain("giemsa: may open \(files) files at a time; it takes at least \(leastFiles) (ulimit -n)")
      _exit(1)
    }
    #if canImport(Glibc)
      let leastSpace: UInt = 768 << 20
      var space = rlimit()
      if getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &space) == 0, space.rlim_cur < leastSpace {
        complain("giemsa: may take \(space.rlim_cur >> 20) MiB of memory; it takes at least 768 MiB (ulimit -v)")
        _exit(1)
      }
    #endif
  }

  /// The error message for an unknown command name, checked before any other argument; nil if the name is known.
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
      Console.out(fullMessage(for: error))  // --help or --version
      return 0
    } catch {
      let rank = Rank.isFirst ? "" : "rank \(Rank.number) on \(ProcessInfo.processInfo.hostName): "
      // An error common to all ranks is printed once: mpirun ends the other ranks after the first one has printed it.
      if !Rank.isFirst { sleep(2) }
      complainAsRank("giemsa: \(rank)\(message(for: error))")
      return 2
    }
  }
}
