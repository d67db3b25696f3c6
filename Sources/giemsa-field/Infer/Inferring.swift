import Giemsa
import Platform
import Text

/// Runs `infer` on pictures and counts answers and failures.
struct Inferring {
  private let model: PictureClassifier
  private let format: AnswerFormat
  private let output: ResultOutput
  /// Number of answers per class.
  private var counts: [Int]
  private var unreadable = 0
  /// Number of pictures whose scores are not numbers.
  private var unanswered = 0
  private var notes = PictureNotes()
  /// The pictures of the next batch.
  private var names: [String] = []
  private var pictures: [Tensor] = []
  private var hasHeader = false
  /// Spent on pictures.
  private var seconds = 0.0

  init(_ model: PictureClassifier, _ format: AnswerFormat, _ output: ResultOutput) {
    (self.model, self.format, self.output) = (model, format, output)
    counts = [Int](repeating: 0, count: model.classes.count)
  }

  /// Returns the exit status: 1 if any named or found picture has no answer.
  consuming func answer(_ walk: PictureWalk) throws(UsageError) -> Int32 {
    unreadable = walk.problems.count
    try answer(walk.files.map { FolderWatch.Picture(path: $0) }, nil)
    return try finish(walk.leftOut, summarizes: counts.contains { $0 > 0 })
  }

  /// Answers pictures as they appear, until a signal comes. Returns the exit status: 1 if any has no answer in the end, or a
  /// folder could not be searched.
  consuming func answer(_ watch: FolderWatch) throws(UsageError) -> Int32 {
    platform_catch_stops()
    while !isOver {
      let started = platform_seconds()
      let found = watch.look()
      let looked = platform_seconds() - started
      for problem in watch.news { InferCommand.complain(problem) }
      unreadable += watch.news.count
      try answer(found, watch)
      // Looking at many files takes at most a fifth of the time.
      if !isOver { platform_pause(max(Inferring.period, 4 * looked)) }
    }
    unreadable += watch.failureCount
    return try finish(watch.leftOut, summarizes: true)
  }

  /// Seconds between two looks at folders.
  private static let period = 1.0

  private var isOver: Bool { output.isBroken || platform_stopped_by() != 0 }

  @inline(never)
  private mutating func answer(_ found: [FolderWatch.Picture], _ watch: FolderWatch?) throws(UsageError) {
    let started = platform_seconds()
    if !found.isEmpty, !hasHeader {
      output.write(format.header)
      hasHeader = true
    }
    let queue = PictureQueue(found, model.preprocessing)
    while !isOver, let (index, entry) = queue.next() {
      let file = found[index]
      switch entry {
      case .picture(let picture, let notes):
        pictures.append(picture)
        names.append(file.path)
        self.notes.add(file.path, notes)
        watch?.take(file, isRead: true)
      case .problem(let message):
        InferCommand.complain(message)
        if let watch { watch.take(file, isRead: false) } else { unreadable += 1 }
      case .changed: break
      }
      if pictures.count == model.batch { try flush() }
    }
    try flush()
    seconds += platform_seconds() - started
  }

  @inline(never)
  private mutating func finish(_ leftOut: LeftOut, summarizes: Bool) throws(UsageError) -> Int32 {
    try output.finish()
    for warning in notes.warnings(remedy: PictureRules.remedy) { InferCommand.complain(warning) }
    for line in leftOut.lines { InferCommand.complain(line) }
    if summarizes, !output.isBroken { summarize() }
    return unreadable + unanswered + leftOut.pictureCount == 0 ? 0 : 1
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

  private func summarize() {
    let done = counts.reduce(0) { $0 + $1 }
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
