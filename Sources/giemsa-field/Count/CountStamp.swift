import Text

/// How a field was counted, as its JSON line records it: what must be equal in all lines of a file.
struct CountStamp {
  /// The model's file name.
  let model: String
  let positive: String
  /// nil: the likeliest class is taken.
  let threshold: String?

  init(model: String, positive: String, threshold: Double?) {
    self.model = PathText.lastComponent(model)
    self.positive = positive
    self.threshold = threshold.map { NumberText.shortest($0) }
  }

  init(_ line: JSONLine) {
    model = line.text("model") ?? ""
    positive = line.text("positive") ?? ""
    threshold = line.number("threshold").map { NumberText.shortest($0) }
  }

  func made(_ line: JSONLine) -> Bool {
    let other = CountStamp(line)
    guard model.isExactly(other.model), positive.isExactly(other.positive) else { return false }
    guard let threshold, let theirs = other.threshold else { return threshold == nil && other.threshold == nil }
    return threshold.isExactly(theirs)
  }

  /// `a.onnx, infected from 0.62`
  var text: String { "\(model), \(positive)" + (threshold.map { " from \($0)" } ?? "") }

  var json: String {
    "\"model\": \(JSONText.quoted(model)), \"positive\": \(JSONText.quoted(positive)), "
      + "\"threshold\": \(threshold ?? "null")"
  }
}
