import Crypto
import Foundation
import ModelGraph
import Training

extension FuzzTarget {
  /// `last.state` without the SHA-256 at its end, which is made for each input: otherwise none would get beyond it.
  static let checkpoint = FuzzTarget(
    name: "checkpoint",
    seeds: {
      let network = try makeNetwork()
      let notes = try RunProgress(settings: .sample, pictures: "0a").bytes
      let fresh = try network.state(notes: notes)
      let images = try Tensor(zeros: [2, 3, 5, 6])
      _ = try network.step(images: images, labels: [0, 1], optimizer: .adamW(), rate: 0.1, momentum: 0.9)
      return [fresh, try network.state(), try network.state(notes: notes)].map { Array($0.dropLast(32)) }
    }
  ) { bytes in
    var hash = SHA256()
    hash.update(bufferPointer: bytes)
    let state = Array(bytes) + Array(hash.finalize())
    try? network.restore(state)
    let progress = try JSONDecoder().decode(RunProgress.self, from: Data(try TrainingNetwork.notes(in: state)))
    _ = try progress.difference(to: .sample, pictures: "0a")
  }

  nonisolated(unsafe) private static let network: TrainingNetwork = {
    do { return try makeNetwork() } catch { fatalError("\(error)") }
  }()

  /// Conv, BatchNormalization, Relu, global mean, Gemm.
  private static func makeNetwork() throws -> TrainingNetwork {
    var graph = Graph(name: "small")
    let input = graph.addInput("input", Declaration(.float32, [.symbol("N"), .fixed(3), .fixed(5), .fixed(6)]))
    let kernel = graph.addConstant("k", try Tensor([4, 3, 1, 1], [Float](repeating: 0.5, count: 12)))
    let conv = graph.add(.conv(Conv()), "conv", [input, kernel])
    let numbers = try ["gamma", "beta", "mean", "var"].map {
      graph.addConstant($0, try Tensor([4], [Float](repeating: 1, count: 4)))
    }
    let norm = graph.add(.batchNormalization(BatchNormalization(epsilon: 1e-5)), "norm", [conv] + numbers)
    let relu = graph.add(try Operator(named: "Relu"), "relu", [norm])
    let pooled = graph.add(try Operator(named: "GlobalAveragePool"), "pool", [relu])
    let flat = graph.add(try Operator(named: "Flatten"), "flat", [pooled])
    let weights = graph.addConstant("w", try Tensor([4, 2], (0..<8).map { Float($0) / 8 }))
    let bias = graph.addConstant("b", try Tensor(zeros: [2]))
    graph.outputs = [graph.add(try Operator(named: "Gemm"), "logits", [flat, weights, bias])]
    return try TrainingNetwork(graph, inputShape: [2, 3, 5, 6], threads: 1)
  }
}

extension RunSettings {
  static let sample = RunSettings(
    architecture: "resnet18", head: "fastai", classes: ["Parasitized", "Uninfected"], size: 64, mean: [0.5, 0.5, 0.5],
    std: [0.2, 0.2, 0.2], epochs: 1, batch: 2, rate: 0.01, optimizer: "adamw", weightDecay: 0.01, augmentation: "cells",
    split: "random", validFraction: 0.2, seed: 1, threads: 1, trainCount: 2, validCount: 1)
}
