import Foundation

/// What a process knows of its place among others before it has joined them: from Open MPI's environment.
enum Rank {
  /// Whether this is one of several that train together.
  private static let isOne = CommandLine.arguments.dropFirst().contains("--distributed")

  private static func variable(_ names: String...) -> Int? {
    let environment = ProcessInfo.processInfo.environment
    return isOne ? names.lazy.compactMap { environment[$0].flatMap { Int($0) } }.first : nil
  }

  static let number = variable("OMPI_COMM_WORLD_RANK", "PMIX_RANK") ?? 0
  static let isFirst = number == 0

  private static let onMachine = max(1, variable("OMPI_COMM_WORLD_LOCAL_SIZE") ?? 1)
  private static let processors = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

  /// Processors that the system lets this process have; mpirun gives each of few ranks a single one unless told otherwise.
  private static let allowed = ProcessInfo.processInfo.activeProcessorCount

  /// A rank's share of the machine's processors.
  static let threads = isOne ? max(1, min(allowed, processors / onMachine)) : allowed

  static let isBound = isOne && allowed < processors / onMachine

  /// Whether a line may be drawn again and again. mpirun shows its ranks a terminal even where it writes into a file; what
  /// its own output is, tells.
  static let showsTerminal: Bool = {
    guard isFirst, isatty(STDOUT_FILENO) == 1 else { return false }
    guard isOne, getppid() > 1 else { return true }
    let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(getppid())/fd/1")
    return target.map { $0.hasPrefix("/dev/pts/") || $0.hasPrefix("/dev/tty") } ?? false
  }()
}
