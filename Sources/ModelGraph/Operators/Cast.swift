/// Cast: the same values in another element type. https://onnx.ai/onnx/operators/onnx__Cast.html, opsets 6 to 21.
///
/// From float to integer: towards zero. Where C and ONNX leave the result undefined, the nearest integer (NaN: 0).
/// From integer to a narrower one: the low bits. To bool: whether it is not 0. To float: rounded to nearest.
public struct Cast: OperatorDefinition {
  public static let name = "Cast"

  public enum Input {
    public static let x = OperatorInput(0, "input", .activation)
  }

  public static let inputs = [Input.x]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its gradient rule is not written")

  public var to: ElementType

  public init(to: ElementType) { self.to = to }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    to = try attributes.elementType("to", try attributes.int("to"))
    // Both concern only float 8 types, which are refused above.
    if attributes.opset >= 19 { _ = try attributes.flag("saturate", default: true) }
    if attributes.opset >= 24 { _ = try attributes.string("round_mode", default: "up") }
  }

  public var attributes: [Attribute] { [.int("to", to.onnxNumber)] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    [Fact(to, try inputs.required(Input.x).shape)]
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let input = try inputs.required(Input.x)
    if input.type == to { return [input] }
    switch input.type {
    case .float32: return [try cast(input) { Number.float(Double($0 as Float)) }]
    case .float64: return [try cast(input) { Number.float($0) }]
    case .int8: return [try cast(input) { Number.int(Int64($0 as Int8)) }]
    case .uint8: return [try cast(input) { Number.int(Int64($0 as UInt8)) }]
    case .int32: return [try cast(input) { Number.int(Int64($0 as Int32)) }]
    case .int64: return [try cast(input) { Number.int($0) }]
    case .bool: return [try cast(input) { Number.int($0 ? 1 : 0) }]
    }
  }

  /// Wide enough to hold any element exactly.
  private enum Number {
    case float(Double)
    case int(Int64)
  }

  @inline(__always)
  private func cast<Element: TensorElement>(_ input: Tensor, _ read: (Element) -> Number) throws(GraphError) -> Tensor {
    switch to {
    case .float32:
      return try convert(input) { (element: Element) -> Float in
        switch read(element) {
        case .float(let value): Float(value)
        case .int(let value): Float(value)
        }
      }
    case .float64:
      return try convert(input) { (element: Element) -> Double in
        switch read(element) {
        case .float(let value): value
        case .int(let value): Double(value)
        }
      }
    case .bool:
      return try convert(input) { (element: Element) -> Bool in
        switch read(element) {
        case .float(let value): value != 0
        case .int(let value): value != 0
        }
      }
    case .int8: return try convert(input) { integer(read($0 as Element), Int8.self) }
    case .uint8: return try convert(input) { integer(read($0 as Element), UInt8.self) }
    case .int32: return try convert(input) { integer(read($0 as Element), Int32.self) }
    case .int64: return try convert(input) { integer(read($0 as Element), Int64.self) }
    }
  }

  @inline(__always)
  private func integer<Target: FixedWidthInteger>(_ number: Number, _: Target.Type) -> Target {
    switch number {
    case .float(let value): Target(saturating: value)
    case .int(let value): Target(truncatingIfNeeded: value)
    }
  }

  @inline(__always)
  private func convert<Source: TensorElement, Target: TensorElement>(
    _ input: Tensor, _ convert: (Source) -> Target
  ) throws(GraphError) -> Tensor {
    var result = try Tensor(zeros: input.shape, type: to)
    input.withElements(Source.self) { source in
      result.withMutableElements(Target.self) { target in
        for index in source.indices { target[index] = convert(source[index]) }
      }
    }
    return result
  }
}
