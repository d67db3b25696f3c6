import Text

/// What is known of a value before the model runs.
public struct Fact: Sendable {
  public var type: ElementType
  public var shape: Shape
  /// The value itself if it is known: an initialiser, or the result of shape arithmetic.
  public var constant: Tensor?

  public init(_ type: ElementType, _ shape: Shape, constant: Tensor? = nil) {
    self.type = type
    self.shape = shape
    self.constant = constant
  }

  public init(_ tensor: Tensor) { self.init(tensor.type, tensor.shape, constant: tensor) }

  /// Bytes of a tensor of this type and shape.
  public var byteCount: Int { shape.count * type.byteCount }
}

/// A node's inputs in the order of the operator's page. Optional inputs may be nil, or missing at the end.
public struct Inputs<Element> {
  public let operatorName: String
  public let items: [Element?]

  public init(_ operatorName: String, _ items: [Element?]) {
    self.operatorName = operatorName
    self.items = items
  }

  public var count: Int { items.count }

  /// The input, or nil if the node leaves it out.
  public subscript(input: OperatorInput) -> Element? { input.index < items.count ? items[input.index] : nil }

  /// The input. Throws E207 with its name if the node leaves it out.
  public func required(_ input: OperatorInput) throws(GraphError) -> Element {
    guard let item = self[input] else {
      throw GraphError(.wrongArity, "\(operatorName): input '\(input.name)' is missing")
    }
    return item
  }

  /// Every input, for operators that take any number of them. Throws E207 if one is left out.
  public func all() throws(GraphError) -> [Element] {
    var present: [Element] = []
    for (index, item) in items.enumerated() {
      guard let item else { throw GraphError(.wrongArity, "\(operatorName): input '\(index)' is missing") }
      present.append(item)
    }
    return present
  }
}

/// One operator: its attributes (the stored properties of the conforming struct), its inputs and roles, its shape rule,
/// its definition.
///
/// `infer` and `evaluate` get as many inputs as the node lists; ``inputs`` says how many there can be. They return a
/// result for each output that they can compute, in the order of the page. A node may use fewer of them.
public protocol OperatorDefinition: Sendable {
  /// ONNX's name, `Conv`.
  static var name: String { get }
  static var domain: OperatorDomain { get }
  /// Its inputs in the order of its page.
  static var inputs: [OperatorInput] { get }
  /// How many outputs a node may list.
  static var outputs: ClosedRange<Int> { get }

  /// Whether this build has it (`LeftOut.swift`). A constant, so that the compiler drops what nothing can reach.
  static var isIncluded: Bool { get }

  static var multiplyAdds: MultiplyAdds { get }
  static var movement: DataMovement { get }
  static var differentiability: Differentiability { get }

  /// From a file's attributes, of any supported opset.
  init(_ attributes: AttributeReader) throws(GraphError)

  /// The attributes in a file of opset ``firstOpset``. Those at their default may be left out.
  var attributes: [Attribute] { get }

  /// The opset of a file with the operator: ``Graph/opset``, or the first one that has it, or its attributes.
  var firstOpset: Int { get }

  /// The shape rule: types and shapes of the outputs. It must throw for every input that `evaluate` cannot handle.
  func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact]

  /// The plain definition: the values of the outputs. It is called only with inputs for which `infer` did not throw.
  func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor]
}

extension OperatorDefinition {
  public static var domain: OperatorDomain { .onnx }
  public static var isIncluded: Bool { true }
  public static var outputs: ClosedRange<Int> { 1...1 }
  public var attributes: [Attribute] { [] }
  public var firstOpset: Int { Graph.opset }
}

/// Who defines an operator.
public enum OperatorDomain: UInt8, Sendable {
  /// The ONNX standard: the empty name, or `ai.onnx`.
  case onnx
  /// onnxruntime's own: `com.microsoft`.
  case microsoft

  public var name: String { self == .onnx ? "" : "com.microsoft" }

  public init?(name: String) {
    switch name {
    case "", "ai.onnx": self = .onnx
    case "com.microsoft": self = .microsoft
    default: return nil
    }
  }
}
