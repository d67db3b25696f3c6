import Giemsa
import Platform
import Statistics
import Text

/// Runs `count` on all fields.
struct Counting {
  private let format: CountFormat
  private let output: ResultOutput
  private let rules: ResultRules
  private let source: SlideSource
  private var overlays: OverlayFolder?
  private let report: ReportFile?
  private let stops: Bool
  private var tallies = SlideTallies()
  private var total = FieldCounts()
  private var notes = CountNotes()
  /// Fields without a result.
  private var failures = 0
  private var counted = 0
  /// Overlays or a report that could not be written.
  private var failedDrawings = 0

  init(
    _ format: CountFormat, _ output: ResultOutput, _ rules: ResultRules, _ source: SlideSource,
    _ overlays: OverlayFolder?, _ report: ReportFile?, stops: Bool
  ) {
    (self.format, self.output, self.rules, self.source) = (format, output, rules, source)
    (self.overlays, self.report, self.stops) = (overlays, report, stops)
  }

  /// Returns the exit status: 1 if any named or found field has no result. A signal ends the process, after the fields in
  /// hand are written.
  mutating func run(_ walk: PictureWalk, _ earlier: EarlierLines, _ counters: [FieldCounter]) throws(UsageError)
    -> Int32
  {
    let started = platform_seconds()
    failures = walk.problems.count
    platform_catch_stops()
    if !walk.files.isEmpty { output.write(format.header) }
    let files = remaining(walk.files, earlier)
    let queue = FieldQueue(
      files, slides: tallies.slides.count, counters,
      .init(overlay: overlays != nil, figure: report.map { _ in ReportFigure(fields: files.count) }))
    if stops {
      for slide in tallies.slides.indices where isEnough(slide) { queue.finish(slide: slide) }
    }
    var progress = CountProgress(
      fields: files.count, isQuiet: format.kind == .table && output.isStandard && platform_is_terminal(1) != 0)
    while !output.isBroken, platform_stopped_by() == 0, let (index, entry) = queue.next() {
      switch entry {
      case .field(let field):
        add(field, files[index], progress)
        if stops, isEnough(files[index].slide) { queue.finish(slide: files[index].slide) }
      case .problem(let message):
        progress.erase()
        InferCommand.complain(message)
        failures += 1
      case .leftOut: notes.leftOut += 1
      }
      progress.show(done: index + 1, total)
    }
    progress.erase()
    if platform_stopped_by() != 0 { interrupted(of: files.count) }
    try finish(walk, platform_seconds() - started)
    return failures + walk.leftOut.pictureCount + failedDrawings == 0 ? 0 : 1
  }

  /// The files that are still to be counted, each with its slide. What an earlier run counted goes into its slides.
  private mutating func remaining(_ paths: [String], _ earlier: EarlierLines) -> [FieldQueue.File] {
    var known: Set<ExactText> = []
    for field in earlier.fields where known.insert(ExactText(field.path)).inserted {
      let slide = tallies.index(field.slide)
      tallies.add(field.counts, to: slide)
      report?.add(field.path, field.counts, slide: slide, svg: [])
      total = total + field.counts
    }
    var files: [FieldQueue.File] = []
    // A field that is named twice, or by its folder too, counts once.
    for path in paths where known.insert(ExactText(path)).inserted {
      files.append((path, tallies.index(source.slide(path))))
    }
    return files
  }

  private func isEnough(_ slide: Int) -> Bool { tallies.slides[slide].result(rules).isEnough }

  private mutating func add(_ drawn: DrawnField, _ file: FieldQueue.File, _ progress: CountProgress) {
    let (field, counts) = (drawn.field, FieldCounts(drawn.field))
    tallies.add(counts, to: file.slide)
    total = total + counts
    counted += 1
    notes.add(file.path, field)
    if output.isStandard { progress.erase() }
    output.write(
      format.field(
        CountedLine(
          path: file.path, slide: tallies.slides[file.slide].name, field: field, result: SlideResult(counts, rules))))
    overlays?.write(drawn.overlay, for: file.path)
    report?.add(file.path, counts, slide: file.slide, svg: drawn.figure)
  }

  /// Says what is there and ends the process by the signal.
  private func interrupted(of files: Int) -> Never {
    let more = output.keepsLines ? "; --resume goes on with them" : ""
    InferCommand.complain("interrupted after \(counted) of \(files) fields\(more)")
    platform_stop()
  }

  /// Completes the report, and says which drawings could not be written.
  private mutating func finishDrawings() {
    var problems: [String] = []
    if let failure = overlays?.failure { problems.append(failure) }
    do { try report?.finish(tallies.slides, rules) } catch { problems.append(error.message) }
    for problem in problems { InferCommand.complain(problem) }
    failedDrawings = problems.count
    if let note = report?.note { InferCommand.complain(note) }
  }

  private mutating func finish(_ walk: PictureWalk, _ seconds: Double) throws(UsageError) {
    var lines: [SlideLine] = []
    for slide in tallies.slides where slide.fieldCount > 0 {
      lines.append(SlideLine(slide: slide, result: slide.result(rules)))
    }
    if !lines.isEmpty { output.write(format.slides(lines)) }
    try output.finish()
    finishDrawings()
    if output.isBroken { return }
    for warning in notes.warnings { InferCommand.complain(warning) }
    for line in walk.leftOut.lines { InferCommand.complain(line) }
    if counted == 0 { return }
    if rules.rates == nil {
      InferCommand.complain(
        "note: results are not corrected for the model's errors: it does not record its sensitivity and specificity for "
          + "this class and threshold")
    }
    let cells = "\(Quantity.grouped(total.redCells)) red cells, \(Quantity.grouped(total.infected)) infected"
    InferCommand.complain(
      "\(Text.counted(counted, "field")) in \(NumberText.fixed(seconds, 1)) s: \(cells)"
        + (failures > 0 ? "; \(failures) without a result" : ""))
  }
}
