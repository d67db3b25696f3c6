import Text

/// The equation of an Einsum: which axis of each operand has which label.
///
/// A label is the code of a letter. The axes of an ellipsis have labels from 256 on, counted from the last.
struct EinsumEquation {
  /// Of each operand, without its ellipsis; nil stands for that.
  private let terms: [[Int?]]
  /// nil: implied.
  private let result: [Int?]?

  /// Throws E206 for text that is no equation.
  init(_ text: String) throws(GraphError) {
    func bad(_ why: String) -> GraphError { GraphError(.badAttribute, "Einsum: the equation '\(text)' \(why)") }
    var terms: [[Int?]] = [[]]
    var isResult = false
    var dots = 0
    var arrow = false
    for byte in text.utf8 {
      let last = terms.count - 1
      switch byte {
      case UInt8(ascii: " "): continue
      case UInt8(ascii: "."):
        dots += 1
        if dots == 3 {
          guard !terms[last].contains(where: { $0 == nil }) else { throw bad("has two ellipses in a term") }
          terms[last].append(nil)
          dots = 0
        }
        continue
      case UInt8(ascii: ","):
        guard !isResult else { throw bad("has two results") }
        terms.append([])
      case UInt8(ascii: "-"):
        guard !isResult else { throw bad("has two arrows") }
        (isResult, arrow) = (true, true)
        if dots == 0 { continue }
      case UInt8(ascii: ">"):
        guard arrow else { throw bad("has a > that ends no arrow") }
        arrow = false
        terms.append([])
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
        guard !arrow else { throw bad("has no > behind its -") }
        terms[last].append(Int(byte))
      default: throw bad("has a character that is neither a letter nor , . - >")
      }
      guard dots == 0 else { throw bad("has an ellipsis that is not three dots") }
    }
    guard dots == 0, !arrow else { throw bad("ends too early") }
    result = isResult ? terms.removeLast() : nil
    self.terms = terms
  }

  /// The labels of the axes of operands of these shapes and of the result, and the extent of each label.
  ///
  /// Throws E204 where the equation does not fit the operands.
  func labels(_ shapes: [Shape]) throws(GraphError) -> (operands: [[Int]], result: [Int], extents: [Int]) {
    guard shapes.count == terms.count else {
      throw .mismatch("Einsum: the equation has \(terms.count) operands, the node \(shapes.count)")
    }
    var operands: [[Int]] = []
    var extents = [Int](repeating: 1, count: 256 + Shape.rankLimit)
    var counts = [Int](repeating: 0, count: extents.count)
    var ellipsis = 0
    for (term, shape) in zip(terms, shapes) {
      let letters = term.count { $0 != nil }
      let open = shape.rank - letters
      guard open == 0 || open > 0 && letters < term.count else {
        throw .mismatch("Einsum: an operand is \(shape), its term in the equation has \(letters) axes")
      }
      var labels: [Int] = []
      for label in term {
        if let label { labels.append(label) } else { labels += (0..<open).reversed().map { 256 + $0 } }
      }
      ellipsis = max(ellipsis, open)
      for (label, extent) in zip(labels, shape.extents) {
        let known = extents[label]
        guard known == extent || known == 1 || extent == 1 else {
          throw .mismatch("Einsum: one axis has the extents \(known) and \(extent)")
        }
        extents[label] = known == 1 ? extent : known
        counts[label] += 1
      }
      operands.append(labels)
    }
    let open = (0..<ellipsis).reversed().map { 256 + $0 }
    guard let result else {
      return (operands, open + (0..<256).filter { counts[$0] == 1 }, extents)
    }
    guard ellipsis == 0 || result.contains(where: { $0 == nil }) else {
      throw .mismatch("Einsum: the result lacks the ellipsis of the operands")
    }
    var labels: [Int] = []
    for label in result {
      for label in label.map({ [$0] }) ?? open {
        guard counts[label] > 0, !labels.contains(label) else {
          throw .mismatch("Einsum: an axis of the result is in no operand, or twice in the result")
        }
        labels.append(label)
      }
    }
    return (operands, labels, extents)
  }
}

/// A tensor whose axes have labels, in row-major order.
struct LabelledTensor {
  var tensor: Tensor
  var labels: [Int]

  /// The extent along a label; 1 where the tensor does not have it.
  func extent(_ label: Int) -> Int {
    var extent = 1
    for axis in labels.indices where labels[axis] == label && tensor.shape[axis] != 1 { extent = tensor.shape[axis] }
    return extent
  }

  /// The distance in elements between neighbours along a label; 0 where the tensor does not have it, or only one place
  /// of it. A label that occurs twice walks along the diagonal.
  func step(_ label: Int) -> Int {
    let strides = tensor.shape.strides
    var step = 0
    for axis in labels.indices where labels[axis] == label && tensor.shape[axis] != 1 { step += strides[axis] }
    return step
  }

  /// The product with another tensor, summed over all labels that are not kept. Integers wrap around.
  func product<Number: Arithmetic>(
    _ other: LabelledTensor, keeping kept: [Int], as _: Number.Type
  ) throws(GraphError) -> LabelledTensor {
    var summed: [Int] = []
    for label in labels + other.labels where !kept.contains(label) && !summed.contains(label) { summed.append(label) }
    func walk(_ labels: [Int]) -> [(extent: Int, a: Int, b: Int)] {
      labels.map { (extent($0) == 1 ? other.extent($0) : extent($0), step($0), other.step($0)) }
    }
    let (outer, inner) = (walk(kept), walk(Array(summed.dropLast())))
    let line = walk(Array(summed.suffix(1))).first ?? (extent: 1, a: 0, b: 0)
    let lines = inner.reduce(1) { $0 * $1.extent }
    var result = try Tensor(zeros: Shape(outer.map { $0.extent }), type: Number.elementType)
    func place(_ index: Int, _ axes: [(extent: Int, a: Int, b: Int)]) -> (a: Int, b: Int) {
      var (rest, a, b) = (index, 0, 0)
      for axis in axes.reversed() {
        a += rest % axis.extent * axis.a
        b += rest % axis.extent * axis.b
        rest /= axis.extent
      }
      return (a, b)
    }
    tensor.withElements(Number.self) { x in
      other.tensor.withElements(Number.self) { y in
        result.withMutableElements(Number.self) { result in
          if x.isEmpty || y.isEmpty { return }
          for index in result.indices {
            let start = place(index, outer)
            var sum: Number = 0
            for row in 0..<lines {
              let first = place(row, inner)
              let (a, b) = (start.a + first.a, start.b + first.b)
              for step in 0..<line.extent {
                sum = sum.plus(x[a &+ step &* line.a].times(y[b &+ step &* line.b]))
              }
            }
            result[index] = sum
          }
        }
      }
    }
    return LabelledTensor(tensor: result, labels: kept)
  }
}
