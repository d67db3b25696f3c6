import Text

/// Which operators this build leaves out: none. `tools/build-field --for` writes another text of this file, in which the
/// operators that some models do not need are not included.
enum LeftOut {
  static var isAny: Bool { false }
}

extension GraphError {
  /// E201: an operator that nobody wrote, or that this build leaves out.
  @inline(never)
  static func unknownOperator(_ name: String) -> GraphError {
    GraphError(
      .unknownOperator,
      LeftOut.isAny
        ? "this program is built without the operator '\(name)': build it with tools/build-field --for this model"
        : "operator '\(name)' is not supported; docs/OPERATORS.md lists those that are")
  }
}

/// Whether `name` is that of an operator of this build: the pattern of a case in ``Operator/init(_:domain:_:)``.
@inline(__always)
func ~= <Definition: OperatorDefinition>(_: Definition.Type, name: String) -> Bool {
  Definition.isIncluded && name.isExactly(Definition.name)
}
