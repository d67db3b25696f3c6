import ModelGraph

/// An input of a step: an activation, a parameter that may learn, or a constant.
enum Operand {
  case slot(Slot)
  case parameter(Parameter)
  case constant(Tensor)

  var slot: Slot? {
    if case .slot(let slot) = self { slot } else { nil }
  }

  var parameter: Parameter? {
    if case .parameter(let parameter) = self { parameter } else { nil }
  }

  var constant: Tensor? {
    if case .constant(let tensor) = self { tensor } else { nil }
  }
}
