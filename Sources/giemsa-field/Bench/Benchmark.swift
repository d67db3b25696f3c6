import Giemsa
import Platform
import Text

/// The measurements of `bench`. Times in seconds.
struct Benchmark {
  var runs: [Double]  // sorted
  var load: Double
  var first: Double
  var peakKiB: Int
  var threads: Int
  var batch: Int
  var weightBytes: Int
  var activationBytes: Int
  var steps: [Session.Step]
  /// The number of runs that the times in `steps` sum up.
  var profiledRuns: Int

  static func measure(_ path: String, _ options: Model.Options, seconds: Double) throws(GraphError) -> Benchmark {
    let start = platform_seconds()
    let session = try Model(contentsOf: path, options: options).makeSession()
    let inputs = try noise(for: session)
    let loaded = platform_seconds()
    var results = try session.run(inputs)
    let first = platform_seconds() - loaded

    // Three warm-up runs: caches, page tables, clock frequency.
    for _ in 0..<3 { try session.run(inputs, into: &results) }
    let before = session.steps
    var runs: [Double] = []
    let end = platform_seconds() + seconds
    repeat {
      let start = platform_seconds()
      try session.run(inputs, into: &results)
      runs.append(platform_seconds() - start)
    } while runs.count < 10 || platform_seconds() < end
    var steps = session.steps
    for index in steps.indices { steps[index].seconds -= before[index].seconds }
    let profiledRuns = runs.count
    runs = runs.inOrder(<)
    return Benchmark(
      runs: runs, load: loaded - start, first: first, peakKiB: Int(platform_peak_rss_kib()), threads: session.threads,
      batch: inputs.first.flatMap { $0.shape.extents.first } ?? 1, weightBytes: session.weightBytes,
      activationBytes: session.activationBytes, steps: steps, profiledRuns: profiledRuns)
  }

  /// Input for a session: noise for floats, zeros for the rest.
  private static func noise(for session: Session) throws(GraphError) -> [Tensor] {
    var inputs: [Tensor] = []
    for (port, shape) in zip(session.model.inputs, session.inputShapes) {
      var tensor = try Tensor(zeros: shape, type: port.type)
      if port.type == .float32 { fillWithNoise(&tensor) }
      inputs.append(tensor)
    }
    return inputs
  }

  private static func fillWithNoise(_ tensor: inout Tensor) {
    tensor.withMutableElements(Float.self) { elements in
      var state: UInt64 = 1
      for index in elements.indices {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        elements[index] = Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-31 * 1.7320508
      }
    }
  }

  // MARK: Text

  private func percentile(_ share: Int) -> Double { runs[min(runs.count - 1, runs.count * share / 100)] }

  private static func milliseconds(_ seconds: Double) -> String { NumberText.fixed(seconds * 1000, 3) }
  private static func mebibytes(_ bytes: Int) -> String { NumberText.fixed(Double(bytes) / 1_048_576, 2) }

  var json: String {
    let peak = NumberText.fixed(Double(peakKiB) / 1024, 1)
    var text = "{\"median_ms\": \(Self.milliseconds(percentile(50)))"
    text += ", \"p90_ms\": \(Self.milliseconds(percentile(90))), \"runs\": \(runs.count)"
    text += ", \"load_ms\": \(Self.milliseconds(load)), \"first_ms\": \(Self.milliseconds(first))"
    text += ", \"peak_rss_mib\": \(peak), \"weights_mib\": \(Self.mebibytes(weightBytes))"
    text += ", \"activations_mib\": \(Self.mebibytes(activationBytes)), \"threads\": \(threads), \"batch\": \(batch)"
    return text + ", \"isa\": \"\(Processor.instructionSet)\"}"
  }

  var table: String {
    BenchTable.text([
      ("median", Self.milliseconds(percentile(50)) + " ms"),
      ("90 % below", Self.milliseconds(percentile(90)) + " ms"),
      ("runs", "\(runs.count)"),
      ("load", Self.milliseconds(load) + " ms"),
      ("first run", Self.milliseconds(first) + " ms"),
      ("peak memory", NumberText.fixed(Double(peakKiB) / 1024, 1) + " MiB"),
      ("of it weights", Self.mebibytes(weightBytes) + " MiB"),
      ("of it activations", Self.mebibytes(activationBytes) + " MiB"),
      ("threads", "\(threads)"),
      ("batch", "\(batch)"),
      ("instruction set", Processor.instructionSet),
    ])
  }

  /// One line per step: mean milliseconds, multiply-adds per second, share of the total.
  var profileTable: String {
    let whole = runs.reduce(0, +) / Double(runs.count)
    var sum = 0.0
    var lines = [
      "step".padded(to: 36) + "kernel".padded(to: 26) + "ms".leftPadded(to: 9) + "GMAC/s".leftPadded(to: 9)
        + "share".leftPadded(to: 8)
    ]
    func line(_ name: String, _ kernel: String, _ seconds: Double, _ multiplyAdds: Int) -> String {
      let rate = multiplyAdds == 0 ? "" : NumberText.fixed(Double(multiplyAdds) / seconds / 1e9, 1)
      return name.padded(to: 36) + kernel.padded(to: 26) + Self.milliseconds(seconds).leftPadded(to: 9)
        + rate.leftPadded(to: 9) + (NumberText.fixed(seconds / whole * 100, 1) + " %").leftPadded(to: 8)
    }
    var multiplyAdds = 0
    for step in steps {
      let seconds = step.seconds / Double(profiledRuns)
      sum += seconds
      multiplyAdds += step.multiplyAdds
      lines.append(line(step.name.printable, step.kernel, seconds, step.multiplyAdds))
    }
    lines.append(line("sum of steps", "", sum, multiplyAdds))
    lines.append(line("whole run (mean)", "", whole, multiplyAdds))
    return lines.joined(separator: "\n")
  }
}

extension String {
  /// Padded to at least `count` characters, with at least one space.
  fileprivate func padded(to count: Int) -> String {
    self + String(repeating: " ", count: max(1, count - unicodeScalars.reduce(0) { count, _ in count + 1 }))
  }

  fileprivate func leftPadded(to count: Int) -> String {
    String(repeating: " ", count: max(1, count - utf8.count)) + self
  }
}
