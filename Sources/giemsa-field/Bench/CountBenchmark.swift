import Giemsa
import Platform
import Text

/// The measurements of `bench --count`: the fields of a slide, counted once. Times in seconds.
struct CountBenchmark {
  /// From loading the model to the numbers. The process has then run for some milliseconds.
  var whole = 0.0
  var load = 0.0
  /// Summed over threads.
  var times = FieldCounter.Times()
  var fields = 0
  var failures = 0
  /// Red cells that the model judged.
  var judged = 0
  var threads = 0
  var batch = 0

  static func measure(
    _ path: String, _ files: [String], _ engine: Model.Options, _ counting: FieldCounter.Options
  ) throws(UsageError) -> CountBenchmark {
    let start = platform_seconds()
    let counters = try CountCommand.counters(path, .init(), engine, counting, fields: files.count)
    var result = CountBenchmark()
    result.load = platform_seconds() - start
    let queue = FieldQueue(files.map { ($0, 0) }, slides: 1, counters, .init())
    while let (_, entry) = queue.next() {
      switch entry {
      case .field(let drawn):
        result.fields += 1
        result.judged += drawn.field.cells.reduce(0) { $0 + ($1.verdict == nil ? 0 : 1) }
      case .problem(let message):
        InferCommand.complain(message)
        result.failures += 1
      case .leftOut: break
      }
    }
    result.whole = platform_seconds() - start
    for counter in counters { result.times += counter.times }
    (result.threads, result.batch) = (engine.threads, engine.batch)
    return result
  }

  private func perField(_ seconds: Double) -> String { NumberText.fixed(seconds * 1000 / Double(max(fields, 1)), 1) }
  private var peak: String { NumberText.fixed(Double(platform_peak_rss_kib()) / 1024, 1) }
  private var speed: String { NumberText.fixed(Double(judged) / max(whole, 1e-9), 0) }

  var json: String {
    var text = "{\"fields\": \(fields), \"cells\": \(judged), \"seconds\": \(NumberText.fixed(whole, 3))"
    text += ", \"load_ms\": \(NumberText.fixed(load * 1000, 1))"
    text += ", \"read_ms\": \(perField(times.reading)), \"find_ms\": \(perField(times.finding))"
    text += ", \"cut_ms\": \(perField(times.cutting)), \"judge_ms\": \(perField(times.judging))"
    text += ", \"cells_per_s\": \(speed), \"peak_rss_mib\": \(peak), \"threads\": \(threads), \"batch\": \(batch)"
    return text + ", \"isa\": \"\(Processor.instructionSet)\"}"
  }

  var table: String {
    BenchTable.text([
      ("fields", "\(fields)"),
      ("red cells", Quantity.grouped(judged)),
      ("start to numbers", NumberText.fixed(whole, 3) + " s"),
      ("cells per second", speed),
      ("load", NumberText.fixed(load * 1000, 1) + " ms"),
      ("read a field", perField(times.reading) + " ms"),
      ("find its cells", perField(times.finding) + " ms"),
      ("cut them out", perField(times.cutting) + " ms"),
      ("judge them", perField(times.judging) + " ms"),
      ("peak memory", peak + " MiB"),
      ("threads", "\(threads)"),
      ("batch", "\(batch)"),
      ("instruction set", Processor.instructionSet),
    ])
  }
}
