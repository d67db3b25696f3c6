/// MaxPool: the largest value of each window. https://onnx.ai/onnx/operators/onnx__MaxPool.html, opsets 1, 8, 10, 11
/// and 12.
///
/// Input: X `[N, C, ((D,) H,) W]`. Outputs: Y `[N, C, ((oD,) oH,) oW]` and Indices (optional), where in the whole of X
/// each maximum was found. A window that lies in the padding altogether gives the lowest value there is and index -1.
/// NaN wins over every number (the first of several), as in GlobalMaxPool: ONNX leaves it open, and PyTorch has it so.
public struct MaxPool: FloatOperator {
  public static let name = "MaxPool"

  public enum Input {
    public static let x = OperatorInput(0, "X", .activation)
  }

  public static let inputs = [Input.x]
  public static let outputs = 1...2
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.differentiable

  public var window: Window
  /// Whether indices are column-major instead of row-major.
  public var columnMajorIndices: Bool

  public init(_ window: Window, columnMajorIndices: Bool = false) {
    self.window = window
    self.columnMajorIndices = columnMajorIndices
  }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    window = try Window(attributes, hasDilations: attributes.opset >= 10, hasCeilMode: attributes.opset >= 10)
    if window.kernel.isEmpty { throw attributes.bad("kernel_shape", "is required") }
    columnMajorIndices = attributes.opset >= 8 ? try attributes.flag("storage_order", default: false) : false
  }

  public var attributes: [Attribute] {
    window.attributes + (columnMajorIndices ? [.flag("storage_order", true)] : [])
  }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let x = try inputs.required(Input.x)
    try inputs.check(Input.x, is: ElementType.floats + ElementType.bytes)
    let shape = try window.pooled(x.shape, of: Self.name).outputShape
    return [Fact(x.type, shape), Fact(.int64, shape)]
  }

  public func evaluate<Number: Real>(_ inputs: Inputs<Tensor>, as _: Number.Type) throws(GraphError) -> [Tensor] {
    let x = try inputs.required(Input.x)
    let pooling = try window.pooled(x.shape, of: Self.name)
    let plane = pooling.plane
    var y = try Tensor(zeros: pooling.outputShape, type: Number.elementType)
    var indices = try Tensor(zeros: pooling.outputShape, type: .int64)
    x.withElements(Number.self) { x in
      y.withMutableElements(Number.self) { y in
        indices.withMutableElements(Int64.self) { indices in
          for channel in 0..<pooling.planeCount {
            let (firstInput, firstOutput) = (channel * plane.inputCount, channel * plane.outputCount)
            plane.forEachWindow { output, cells in
              var largest = Number.lowest
              var place = -1
              cells.forEach { cell in
                let value = x[firstInput + cell]
                if value > largest || place < 0 || (value != value && largest == largest) {
                  (largest, place) = (value, cell)
                }
              }
              y[firstOutput + output] = largest
              if place >= 0 { place = firstInput + (columnMajorIndices ? plane.columnMajor(place) : place) }
              indices[firstOutput + output] = Int64(place)
            }
          }
        }
      }
    }
    return [y, indices]
  }
}

extension WindowPlane {
  fileprivate func columnMajor(_ cell: Int) -> Int {
    let (row, column) = (cell / width.input, cell % width.input)
    return (column * height.input + row % height.input) * depth.input + row / height.input
  }
}
