import KernelInternals
import Kernels
import Testing

/// A kernel, or a family of them, as a test's argument.
protocol NamedKernel: Sendable, CustomTestStringConvertible {
  var name: String { get }
}

extension NamedKernel {
  var testDescription: String { name }
}

/// The kernels of a level.
func table(_ level: kernels_level) -> kernels_table { kernels_table_for(level).pointee }

/// What `pick` finds in the tables of `levels`, each kernel once.
func each<Kernel: NamedKernel>(_ levels: [kernels_level], _ pick: (kernels_table) -> Kernel?) -> [Kernel] {
  levels.compactMap { pick(table($0)) }.reduce(into: []) { found, kernel in
    if !found.contains(where: { $0.name == kernel.name }) { found.append(kernel) }
  }
}

/// `condition`; where it does not hold, an issue is recorded. For loops over many values, of which one that is wrong says enough.
func holds(_ condition: Bool, _ what: @autoclosure () -> String) -> Bool {
  if !condition { Issue.record("\(what())") }
  return condition
}
