import Giemsa

/// The numbers of one field, counted now or taken from an earlier run's output.
struct FieldCounts {
  var redCells = 0
  var infected = 0
  var whiteCells = 0
  var platelets = 0

  init() {}

  init(_ field: CountedField) {
    redCells = field.redCells
    infected = field.infected
    whiteCells = field.whiteCells
    platelets = field.platelets
  }

  static func + (a: FieldCounts, b: FieldCounts) -> FieldCounts {
    var sum = a
    sum.redCells += b.redCells
    sum.infected += b.infected
    sum.whiteCells += b.whiteCells
    sum.platelets += b.platelets
    return sum
  }
}
