import ArgumentParser
import ModelGraph
import ONNXFormat
import Platform
import Text
import Training

/// For tools/compare-gradients, and not listed in the help: the gradients of one training step, a tensor file for each
/// parameter, and for each activation if asked.
struct GradientsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gradients", abstract: "Writes the gradients of one training step on given pictures.",
    shouldDisplay: false)

  @Argument(help: "An ONNX classifier.") var model: String
  @Argument(help: "A tensor file: pictures [n, 3, side, side].") var pictures: String
  @Option(help: "The pictures' class indices, separated by commas.") var labels: String
  @Option(help: "The folder to write to; it must exist.") var out: String
  @Option(help: "A folder to write the activations to; it must exist.") var activations: String?
  @Option(help: "Threads.") var threads = 2
  @Flag(help: "Print the time by kind of layer.") var profile = false

  func validate() throws {
    guard (1...256).contains(threads) else { throw ValidationError("--threads must be from 1 to 256") }
  }

  func run() throws {
    try reporting {
      let images = try ONNXFile.readTensor(pictures).tensor
      guard images.shape.rank == 4, images.shape[2] == images.shape[3] else {
        throw CommandFailure("\(pictures): \(images.shape), must be pictures [n, 3, side, side]")
      }
      let labels = labels.split(separator: ",").compactMap { Int32($0) }
      var graph = try readModel(model)
      let found: (loss: Float, gradients: [(name: String, gradient: Tensor)])
      do {
        graph.forgetTrainingMode()
        try graph.checkWeights()
        try graph.endInLogits()
        try StartingPoint.setInput(&graph, size: images.shape[2], threads: threads)
        let network = try TrainingNetwork(graph, inputShape: images.shape, threads: threads)
        let start = platform_seconds()
        var observed = 0
        found = try network.gradients(
          images: images, labels: labels,
          observe: activations.map { folder in
            { name, value in
              try ONNXFile.writeTensor(value, name: name, to: "\(folder)/\(observed).pb")
              observed += 1
            }
          })
        Console.out("loss \(found.loss), \(Int((platform_seconds() - start) * 1e3)) ms")
        if profile {
          for line in network.profile {
            Console.out("\(line.kind): \(Int(line.forward * 1e3)) ms forward, \(Int(line.backward * 1e3)) ms backward")
          }
        }
      } catch {
        throw CommandFailure("\(model): \(error)")
      }
      for (index, (name, gradient)) in found.gradients.enumerated() {
        try ONNXFile.writeTensor(gradient, name: name, to: "\(out)/\(index).pb")
      }
    }
  }
}
