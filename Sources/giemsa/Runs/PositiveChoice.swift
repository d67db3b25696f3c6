import Reports
import Text

extension PositiveClass {
  /// The positive class: the one that `--positive` names, else the one recorded in the run or model, else the one that
  /// the names suggest; nil if there is none.
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
