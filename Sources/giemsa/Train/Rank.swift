import Foundation

/// This process's rank before MPI is initialised, from Open MPI's environment variables.
enum Rank {
  /// Whether this process is one of several ranks.
  private static let isOne = CommandLine.arguments.dropFirst().contains("--distributed")

  private static func variable(_ names: String...) -> Int? {
    let environment = ProcessInfo.processInfo.environment
    return isOne ? names.lazy.compactMap { environment[$0].flatMap { Int($0) } }.first : nil
  }

  static let number = variable("OMPI_COMM_WORLD_RANK", "PMIX_RANK") ?? 0
  static let isFirst = number == 0

  private static let onMachine = max(1, variable("OMPI_COMM_WORLD_LOCAL_SIZE") ?? 1)
  private static let processors = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

  /// Processors that this process may use. mpirun binds each rank to a single one by default if there are few ranks.
  private static let allowed = ProcessInfo.processInfo.activeProcessorCount

  /// Default number of threads: this rank's share of the machine's processors.
  static let threads = isOne ? max(1, min(allowed, processors / onMachine)) : allowed

  static let isBound = isOne && allowed < processors / onMachine

  /// Whether a progress line may be redrawn. mpirun gives its ranks a terminal even if its own output is a file, so the
  /// check looks at mpirun's standard output.
  static let showsTerminal: Bool = {
    guard isFirst, isatty(STDOUT_FILENO) == 1 else { return false }
    guard isOne, getppid() > 1 else { return true }
    let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(getppid())/fd/1")
    return target.map { $0.hasPrefix("/dev/pts/") || $0.hasPrefix("/dev/tty") } ?? false
  }()
}
