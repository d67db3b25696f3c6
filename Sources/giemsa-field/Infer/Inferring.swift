import Giemsa
import Platform
import Text

/// Runs `infer` on all pictures and counts answers and failures.
struct Inferring {
  private let model: PictureClassifier
  private let format: AnswerFormat
  private let output: OutputFile
  /// Number of answers per class.
  private var counts: [Int]
  private var unreadable = 0
  /// Number of pictures whose scores are not numbers.
  private var unanswered = 0
  private var notes = PictureNotes()
  /// The pictures of the next batch.
  private var names: [String] = []
  private var pictures: [Tensor] = []

  init(_ model: PictureClassifier, _ format: AnswerFormat, _ output: OutputFile) {
    (self.model, self.format, self.output) = (model, format, output)
    counts = [Int](repeating: 0, count: model.classes.count)
  }

  /// Returns the exit status: 1 if any named or found picture has no answer.
  consuming func answer(_ walk: PictureWalk) throws(UsageError) -> Int32 {
    let started = platform_seconds()
    unreadable = walk.problems.count
    if !walk.files.isEmpty { output.write(format.header) }
    let queue = PictureQueue(walk.files, model.preprocessing)
    while !output.isBroken, let (file, entry) = queue.next() {
      switch entry {
      case .picture(let picture, let notes):
        pictures.append(picture)
        names.append(file)
        self.notes.add(file, notes)
      case .problem(let message):
        InferCommand.complain(message)
        unreadable += 1
      }
      if pictures.count == model.batch { try flush() }
    }
    try flush()
    try output.finish()
    for warning in notes.warnings(remedy: PictureRules.remedy) { InferCommand.complain(warning) }
    for line in walk.leftOut.lines { InferCommand.complain(line) }
    summarize(platform_seconds() - started)
    return unreadable + unanswered + walk.leftOut.pictureCount == 0 ? 0 : 1
  }

  private mutating func flush() throws(UsageError) {
    if pictures.isEmpty { return }
    let answers: [[Double]?]
    do { answers = try model.probabilities(pictures) } catch { throw UsageError(message: "\(names[0]): \(error)") }
    var text = ""
    for (name, probabilities) in zip(names, answers) {
      guard let probabilities else {
        InferCommand.complain("\(name): \(ClassificationError.notNumbers)")
        unanswered += 1
        continue
      }
      text += format.line(name, probabilities)
      counts[model.decision(probabilities)] += 1
    }
    output.write(text)
    names = []
    pictures = []
  }

  private func summarize(_ seconds: Double) {
    let done = counts.reduce(0) { $0 + $1 }
    if done == 0 || output.isBroken { return }
    var shown: [String] = []
    for (index, count) in counts.enumerated() where count > 0 || counts.count <= 10 {
      shown.append("\(model.classes[index]) \(count)")
    }
    var text = "\(done) \(done == 1 ? "picture" : "pictures"): \(shown.joined(separator: ", "))"
    if unreadable > 0 { text += "; \(unreadable) could not be read" }
    if unanswered > 0 { text += "; \(unanswered) without an answer" }
    text += "; \(NumberText.fixed(Double(done) / max(seconds, 1e-9), 1)) pictures/s"
    if format.isForMachines { Console.error(text) } else { Console.out("\n" + text.printable) }
  }
}
