import ArgumentParser
import Foundation
import ModelGraph
import Platform
import Text
import Training

/// Training throughput of this machine: SGD steps with momentum on noise, the same work that tools/compare-peers gives
/// to PyTorch.
struct BenchTrainingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench-training", abstract: "Measures training throughput in images per second, on random data.")

  @Option(help: "The network: \(Architecture.allCases.map { $0.rawValue }.joined(separator: ", ")).")
  var arch = "resnet18"

  @Option(help: "Side of the square input, in pixels.")
  var size = 64

  @Option(help: "Pictures in a batch.")
  var batch = 64

  @Option(help: "Number format of the convolutions' operands.")
  var precision = Precision.float32

  @Option(help: "Threads.")
  var threads = 2

  @Option(help: "Seconds to measure for.")
  var seconds = 8.0

  @Flag(help: "Print the time by kind of layer.")
  var profile = false

  mutating func validate() throws {
    guard Architecture(rawValue: arch) != nil else { throw ValidationError("--arch '\(arch)' is not known") }
    guard (16...2048).contains(size) else { throw ValidationError("--size must be from 16 to 2048") }
    guard (2...4096).contains(batch) else { throw ValidationError("--batch must be from 2 to 4096") }
    guard (1...256).contains(threads) else { throw ValidationError("--threads must be from 1 to 256") }
    threads = usefulThreads(threads)
  }

  func run() throws { try reporting { try measure() } }

  private func measure() throws {
    guard let architecture = Architecture(rawValue: arch) else { return }
    let network = try TrainingNetwork(
      try architecture.graph(classes: 2, inputSize: (size, size), seed: 1), inputShape: [batch, 3, size, size],
      threads: threads, precision: precision)
    var random = SystemRandomNumberGenerator()
    var images = try Tensor(zeros: [batch, 3, size, size])
    images.withMutableElements(Float.self) { pixels in
      for index in pixels.indices { pixels[index] = Float.random(in: -2...2, using: &random) }
    }
    let labels = (0..<batch).map { Int32($0 % 2) }
    let optimizer = Optimizer.sgd()
    func step() throws {
      _ = try network.step(images: images, labels: labels, optimizer: optimizer, rate: 1e-3, momentum: 0.9)
    }
    try step()
    network.resetProfile()
    var steps = 0
    let start = platform_seconds()
    while platform_seconds() - start < seconds || steps < 2 {
      try step()
      steps += 1
    }
    let taken = platform_seconds() - start
    Console.out(
      "\(arch) \(size) batch \(batch) threads \(threads) \(precision.rawValue) \(network.instructionSet) "
        + String(format: "%.1f images/s", Double(steps * batch) / taken)
        + " peak \(platform_peak_rss_kib() >> 10) MiB")
    if profile { printProfile(network.profile, steps: steps, total: taken) }
  }

  private func printProfile(_ lines: [TrainingNetwork.ProfileLine], steps: Int, total: Double) {
    Console.out(row("layer", "forward ms", "backward ms", "share"))
    for line in lines {
      Console.out(
        row(
          line.kind, String(format: "%.2f", line.forward * 1e3 / Double(steps)),
          String(format: "%.2f", line.backward * 1e3 / Double(steps)),
          String(format: "%.1f %%", (line.forward + line.backward) / total * 100)))
    }
  }

  private func row(_ kind: String, _ forward: String, _ backward: String, _ share: String) -> String {
    func right(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    return kind.padding(toLength: 32, withPad: " ", startingAt: 0) + right(forward, 12) + right(backward, 13)
      + right(share, 9)
  }
}
