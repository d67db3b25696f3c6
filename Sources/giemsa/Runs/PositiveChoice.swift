import Reports
import Text

extension PositiveClass {
  /// The positive class: what `--positive` names; else what a run or a model says; else what the names say; nil: nothing does.
  static func choose(_ classes: [String], option: String?, recorded: String?) throws -> PositiveClass? {
    func index(_ name: String) -> Int? { classes.firstIndex { $0.isExactly(name) } }
    if let option {
      guard let index = index(option) else {
        throw CommandFailure("--positive \(option): the classes are \(classes.joined(separator: ", "))")
      }
      return PositiveClass(index: index, origin: .option)
    }
    if let recorded, let index = index(recorded) { return PositiveClass(index: index, origin: .recorded) }
    return guess(classes).map { PositiveClass(index: $0, origin: .names) }
  }
}
