import Text

/// What this build leaves out: nothing. `tools/build-field --for` writes another text of this file, in which the operators
/// that some models do not need are not included. All are constants, so that the compiler drops what nothing can reach.
package enum LeftOut {
  /// Computing with float64.
  package static var doubles: Bool { false }
  /// Kernels for convolutions with groups, and for those with dilations. Without them the definitions run those.
  package static var groups: Bool { false }
  package static var dilations: Bool { false }
}

extension Version {
  /// Whether this program is for some models: without the operators, commands and options that they do not need.
  public static var isForSomeModels: Bool { false }

  /// What messages about something unknown end with.
  public static var leftOutNote: String {
    isForSomeModels ? "; tools/build-field --for has left some out of this program" : ""
  }
}

extension GraphError {
  /// E201: an operator that nobody wrote, or that this build leaves out.
  @inline(never)
  static func unknownOperator(_ name: String) -> GraphError {
    GraphError(
      .unknownOperator,
      Version.isForSomeModels
        ? "this program is built without the operator '\(name)': build it with tools/build-field --for this model"
        : "operator '\(name)' is not supported; docs/OPERATORS.md lists those that are")
  }
}

/// Whether `name` is that of an operator of this build: the pattern of a case in ``Operator/init(_:domain:_:)``.
@inline(__always)
func ~= <Definition: OperatorDefinition>(_: Definition.Type, name: String) -> Bool {
  Definition.isIncluded && name.isExactly(Definition.name)
}
