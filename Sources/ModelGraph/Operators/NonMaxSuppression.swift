import Text

/// NonMaxSuppression: the boxes with the highest scores that overlap none with a higher one.
/// https://onnx.ai/onnx/operators/onnx__NonMaxSuppression.html, opsets 10 and 11.
///
/// Inputs: boxes (float32 `[N, S, 4]`), scores (float32 `[N, classes, S]`), max_output_boxes_per_class (int64,
/// optional: 0), iou_threshold (float32, optional: 0), score_threshold (float32, optional: none), all of one value.
/// Output: selected_indices (int64 `[_, 3]`: picture, class, box). The shape is known only where the values of all
/// inputs are.
///
/// Computed in float32, as by other engines: whether two boxes overlap by exactly the threshold depends on it. A
/// score that is NaN is never selected.
public struct NonMaxSuppression: OperatorDefinition {
  public static let name = "NonMaxSuppression"

  public enum Input {
    public static let boxes = OperatorInput(0, "boxes", .activation)
    public static let scores = OperatorInput(1, "scores", .activation)
    public static let most = OperatorInput(2, "max_output_boxes_per_class", .setting, .optional)
    public static let overlap = OperatorInput(3, "iou_threshold", .setting, .optional)
    public static let score = OperatorInput(4, "score_threshold", .setting, .optional)
  }

  public static let inputs = [Input.boxes, Input.scores, Input.most, Input.overlap, Input.score]
  public static let multiplyAdds = MultiplyAdds.none
  public static let movement = DataMovement.computation
  public static let differentiability = Differentiability.notDifferentiable("its output is whole numbers")

  /// A box is `[x, y, width, height]` of its centre, and not `[y, x, y, x]` of two opposite corners.
  public var hasCentres: Bool

  public init(hasCentres: Bool = false) { self.hasCentres = hasCentres }

  public init(_ attributes: AttributeReader) throws(GraphError) {
    hasCentres = try attributes.flag("center_point_box", default: false)
  }

  public var attributes: [Attribute] { [.flag("center_point_box", hasCentres)] }

  public func infer(_ inputs: Inputs<Fact>) throws(GraphError) -> [Fact] {
    let (boxes, scores) = (try inputs.required(Input.boxes), try inputs.required(Input.scores))
    try inputs.check(Input.boxes, is: [.float32])
    for input in [Input.scores, Input.overlap, Input.score] { try inputs.check(input, matches: Input.boxes) }
    try inputs.check(Input.most, is: [.int64])
    for input in [Input.most, Input.overlap, Input.score] { try inputs.checkSingle(input) }
    guard boxes.shape.rank == 3, scores.shape.rank == 3, boxes.shape[2] == 4, boxes.shape[0] == scores.shape[0],
      boxes.shape[1] == scores.shape[2]
    else {
      throw .mismatch("NonMaxSuppression: boxes \(boxes.shape) and scores \(scores.shape) do not fit")
    }
    return try evaluate(try inputs.allKnown(most: 4096)).map { Fact($0) }
  }

  public func evaluate(_ inputs: Inputs<Tensor>) throws(GraphError) -> [Tensor] {
    let (boxes, scores) = (try inputs.required(Input.boxes), try inputs.required(Input.scores))
    let most = inputs[Input.most]?.firstInt ?? 0
    let overlap = inputs[Input.overlap]?.array(of: Float.self)[0] ?? 0
    let least = inputs[Input.score]?.array(of: Float.self)[0]
    func isCandidate(_ score: Float) -> Bool {
      if let least { return score > least }
      return !score.isNaN
    }
    guard overlap >= 0, overlap <= 1 else {
      throw GraphError(.badInput, "NonMaxSuppression: iou_threshold is \(overlap), must be 0 to 1")
    }
    var selected: [Int64] = []
    let (classes, count) = (scores.shape[1], scores.shape[2])
    if most > 0, count > 0 {
      let corners = Box.all(boxes.array(of: Float.self), hasCentres: hasCentres)
      let values = scores.array(of: Float.self)
      for row in 0..<values.count / count {
        let (picture, kind) = (row / classes, row % classes)
        func score(_ box: Int) -> Float { values[row * count + box] }
        let order = (0..<count).filter { isCandidate(score($0)) }
          .inOrder { score($0) != score($1) ? score($0) > score($1) : $0 < $1 }
        var kept: [Int] = []
        for candidate in order {
          if kept.count >= most { break }
          let box = corners[picture * count + candidate]
          if kept.contains(where: { corners[picture * count + $0].overlaps(box, by: overlap) }) { continue }
          kept.append(candidate)
        }
        for box in kept { selected += [Int64(picture), Int64(kind), Int64(box)] }
      }
    }
    return [try Tensor([selected.count / 3, 3], selected)]
  }
}

/// A box by its lowest and highest corner.
private struct Box {
  var low: (Float, Float)
  var high: (Float, Float)

  /// Of four numbers for each box.
  static func all(_ numbers: [Float], hasCentres: Bool) -> [Box] {
    (0..<numbers.count / 4).map { box in
      let (a, b, c, d) = (numbers[4 * box], numbers[4 * box + 1], numbers[4 * box + 2], numbers[4 * box + 3])
      if hasCentres { return Box(low: (a - c / 2, b - d / 2), high: (a + c / 2, b + d / 2)) }
      return Box(low: (min(a, c), min(b, d)), high: (max(a, c), max(b, d)))
    }
  }

  var area: Float { (high.0 - low.0) * (high.1 - low.1) }

  /// Whether the intersection is more than `share` of the union.
  func overlaps(_ other: Box, by share: Float) -> Bool {
    let sides = (
      max(min(high.0, other.high.0) - max(low.0, other.low.0), 0),
      max(min(high.1, other.high.1) - max(low.1, other.low.1), 0)
    )
    let common = sides.0 * sides.1
    guard common > 0, area > 0, other.area > 0 else { return false }
    return common / (area + other.area - common) > share
  }
}
