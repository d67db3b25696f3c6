import Text

/// One attribute of a node, as ONNX's AttributeProto holds it.
public struct Attribute: Sendable {
  public enum Value: Sendable {
    case int(Int)
    case ints([Int])
    case float(Float)
    case floats([Float])
    case string(String)
    case strings([String])
    case tensor(Tensor)
    /// A branch of If.
    case graph(Graph)
  }

  public let name: String
  public let value: Value

  public init(_ name: String, _ value: Value) {
    self.name = name
    self.value = value
  }

  public static func int(_ name: String, _ value: Int) -> Attribute { Attribute(name, .int(value)) }
  public static func ints(_ name: String, _ value: [Int]) -> Attribute { Attribute(name, .ints(value)) }
  public static func float(_ name: String, _ value: Float) -> Attribute { Attribute(name, .float(value)) }
  public static func string(_ name: String, _ value: String) -> Attribute { Attribute(name, .string(value)) }
  public static func flag(_ name: String, _ value: Bool) -> Attribute { Attribute(name, .int(value ? 1 : 0)) }
}

/// Gives an operator the attributes of its node, with their defaults, and finds attributes that the operator does not
/// have.
///
/// Operators are stored in the form of ``Graph/opset``. Where an older opset had an attribute that later became an
/// input (Clip's min, Squeeze's axes, …) the operator's initialiser calls ``becomesInput(_:_:)`` and the reader of the
/// file adds the constant. Past the reader there is only the modern form.
public final class AttributeReader {
  public let operatorName: String
  /// The opset of the operator's domain that the file was written for.
  public let opset: Int
  /// The number of inputs that the node lists in the file, empty ones included.
  public let inputCount: Int
  /// The number of outputs that the node lists in the file, empty ones included.
  public let outputCount: Int
  public private(set) var addedInputs: [(index: Int, tensor: Tensor)] = []
  /// Inputs whose first axis lies at `axis` of input 0, as opsets below 7 could have it.
  public private(set) var alignedInputs: [(index: Int, axis: Int)] = []
  /// Where the modern form has an input that the file's opset does not have: before ``addedInputs``, an empty input is
  /// inserted at each of these positions.
  public private(set) var insertedInputs: [Int] = []
  private let attributes: [Attribute]
  private var used: [Bool]

  public init(
    _ operatorName: String, opset: Int, inputCount: Int, outputCount: Int = 1, attributes: [Attribute]
  ) {
    self.operatorName = operatorName
    self.opset = opset
    self.inputCount = inputCount
    self.outputCount = outputCount
    self.attributes = attributes
    used = [Bool](repeating: false, count: attributes.count)
  }

  public func has(_ name: String) -> Bool { attributes.contains { $0.name.isExactly(name) } }

  /// Makes a constant input of an attribute that is an input in the modern form of the operator.
  public func becomesInput(_ input: OperatorInput, _ tensor: Tensor) { addedInputs.append((input.index, tensor)) }

  /// Broadcasts `input` as opsets below 7 did: its first axis lies at `axis` of input 0, and not its last one at the
  /// last. One element broadcasts everywhere. The reader of the file adds the axes of extent 1 that say the same today.
  public func align(_ input: OperatorInput, to axis: Int) { alignedInputs.append((input.index, axis)) }

  /// Reads `broadcast` and `axis`, by which operators of two inputs broadcast the second one before opset 7.
  ///
  /// Without them both shapes are the same, and without `axis` the last axes lie side by side, as they do today.
  public func readOldBroadcast(of input: OperatorInput) throws(GraphError) {
    guard opset < 7 else { return }
    let broadcasts = try flag("broadcast", default: false)
    guard let axis = try optionalInt("axis"), broadcasts else { return }
    guard axis >= 0 else { throw bad("axis", "is \(axis); opsets below 7 count it from the front") }
    align(input, to: axis)
  }

  /// Shifts the node's inputs from this one on by one place: the file's opset does not have the input.
  public func lacksInput(_ input: OperatorInput) { insertedInputs.append(input.index) }

  public func optionalInt(_ name: String) throws(GraphError) -> Int? {
    guard let value = take(name) else { return nil }
    guard case .int(let int) = value else { throw wrongKind(name, "an int") }
    return try bounded(name, int)
  }

  public func int(_ name: String, default fallback: Int) throws(GraphError) -> Int {
    try optionalInt(name) ?? fallback
  }

  public func int(_ name: String) throws(GraphError) -> Int {
    guard let value = try optionalInt(name) else { throw missing(name) }
    return value
  }

  /// Throws E206 for anything but 0 and 1.
  public func flag(_ name: String, default fallback: Bool) throws(GraphError) -> Bool {
    switch try int(name, default: fallback ? 1 : 0) {
    case 0: return false
    case 1: return true
    case let other: throw bad(name, "is \(other), must be 0 or 1")
    }
  }

  /// An integer attribute that must be at least 1, else throws E206.
  public func count(_ name: String, default fallback: Int) throws(GraphError) -> Int {
    let value = try int(name, default: fallback)
    guard value >= 1 else { throw bad(name, "is \(value), must be at least 1") }
    return value
  }

  public func optionalInts(_ name: String) throws(GraphError) -> [Int]? {
    guard let value = take(name) else { return nil }
    switch value {
    case .ints(let ints):
      for int in ints { _ = try bounded(name, int) }
      return ints
    // Some exporters write empty lists with the wrong type.
    case .floats(let floats) where floats.isEmpty: return []
    default: throw wrongKind(name, "a list of ints")
    }
  }

  public func ints(_ name: String, default fallback: [Int]) throws(GraphError) -> [Int] {
    try optionalInts(name) ?? fallback
  }

  public func optionalFloat(_ name: String) throws(GraphError) -> Float? {
    guard let value = take(name) else { return nil }
    guard case .float(let float) = value else { throw wrongKind(name, "a float") }
    return float
  }

  public func float(_ name: String, default fallback: Float) throws(GraphError) -> Float {
    try optionalFloat(name) ?? fallback
  }

  public func floats(_ name: String, default fallback: [Float]) throws(GraphError) -> [Float] {
    guard let value = take(name) else { return fallback }
    switch value {
    case .floats(let floats): return floats
    // Some exporters write empty lists with the wrong type.
    case .ints(let ints) where ints.isEmpty: return []
    default: throw wrongKind(name, "a list of floats")
    }
  }

  public func string(_ name: String, default fallback: String) throws(GraphError) -> String {
    guard let value = take(name) else { return fallback }
    guard case .string(let string) = value else { throw wrongKind(name, "a string") }
    return string
  }

  public func tensor(_ name: String) throws(GraphError) -> Tensor? {
    guard let value = take(name) else { return nil }
    guard case .tensor(let tensor) = value else { throw wrongKind(name, "a tensor") }
    return tensor
  }

  public func graph(_ name: String) throws(GraphError) -> Graph {
    guard let value = take(name) else { throw missing(name) }
    guard case .graph(let graph) = value else { throw wrongKind(name, "a graph") }
    return graph
  }

  /// The value of an attribute of any type.
  public func take(_ name: String) -> Attribute.Value? {
    for index in attributes.indices where attributes[index].name.isExactly(name) {
      used[index] = true
      return attributes[index].value
    }
    return nil
  }

  /// Throws E206 for an attribute that the operator has not read: it is misspelled, or it means something that is not
  /// supported.
  public func finish() throws(GraphError) {
    for index in attributes.indices where !used[index] {
      // Below opset 6 it said which inputs' memory may be written to. It says nothing of values.
      if opset < 6, attributes[index].name.isExactly("consumed_inputs") { continue }
      throw GraphError(.badAttribute, "\(operatorName) has no attribute '\(attributes[index].name)' in opset \(opset)")
    }
  }

  public func bad(_ name: String, _ why: String) -> GraphError {
    GraphError(.badAttribute, "\(operatorName): attribute '\(name)' \(why)")
  }

  private func missing(_ name: String) -> GraphError { bad(name, "is required") }
  private func wrongKind(_ name: String, _ wanted: String) -> GraphError { bad(name, "must be \(wanted)") }

  /// Shape rules add and multiply attributes. The limit of 2^31 keeps their results inside Int. Slice nodes of old
  /// opsets use larger numbers for "to the end", which mean the same when they are clamped.
  private func bounded(_ name: String, _ value: Int) throws(GraphError) -> Int {
    if operatorName == "Slice" { return min(max(value, -1 << 31), 1 << 31) }
    guard value >= -(1 << 31), value <= 1 << 31 else { throw bad(name, "is \(value), beyond any sensible size") }
    return value
  }
}
