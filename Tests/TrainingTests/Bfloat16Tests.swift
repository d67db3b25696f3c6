import Kernels
import ModelGraph
import TestSupport
import Testing
import Training

/// Training with bfloat16 operands: gradients compared with those of float32, for every kind of convolution step.
@Suite(.enabled(if: Precision.bfloat16.isAvailable, "by plain arithmetic at GIEMSA_ISA=portable"))
struct Bfloat16Tests {
  /// The norm of the difference relative to the gradient's norm, per parameter.
  private func errors(_ graph: Graph, _ shape: Shape, threads: Int) throws -> [(name: String, error: Double)] {
    let images = try Tensor.noise(shape, seed: 42)
    let labels = (0..<shape[0]).map { Int32($0 % 2) }
    let found = try [Precision.bfloat16, .float32].map { precision in
      let network = try TrainingNetwork(graph, inputShape: shape, threads: threads, precision: precision)
      return try network.gradients(images: images, labels: labels).gradients
    }
    return zip(found[0], found[1]).map { narrow, wide in
      var (difference, size) = (0.0, 1e-12)
      for (a, b) in zip(narrow.gradient.doubles, wide.gradient.doubles) {
        difference += (a - b) * (a - b)
        size += b * b
      }
      return (wide.name, (difference / size).squareRoot())
    }
  }

  private func check(_ graph: Graph, _ shape: Shape, within tolerance: Double) throws {
    for threads in [1, 3] {
      let errors = try errors(graph, shape, threads: threads)
      #expect(errors.contains { $0.error > 1e-4 }, "nothing was rounded")
      for (name, error) in errors { #expect(error < tolerance, "\(name), \(threads) threads: \(error)") }
    }
  }

  /// Winograd for both gradients, for one or for none; 1×1 kernels, strides, groups; output gradients that stay float
  /// because of the bias.
  @Test(arguments: [
    (16, 32, 3, 1, 1, 1), (32, 64, 3, 1, 1, 1), (18, 34, 3, 1, 1, 1), (20, 40, 3, 2, 1, 1), (32, 64, 1, 1, 0, 1),
    (18, 30, 1, 1, 0, 1), (32, 32, 1, 2, 0, 1), (17, 32, 3, 1, 1, 1), (32, 32, 3, 1, 1, 2), (208, 224, 3, 1, 0, 1),
  ])
  func convolutions(_ from: Int, _ to: Int, _ kernel: Int, _ stride: Int, _ pad: Int, _ group: Int) throws {
    for bias in [false, true] {
      var sketch = Sketch()
      let x = sketch.input([5, 3, 11, 8])
      let first = try sketch.conv("first", x, [from, 3, 1, 1])
      let norm = sketch.op("relu1", .relu(Relu()), [try sketch.norm("bn1", first, from)])
      let y = try sketch.conv(
        "second", norm, [to, from / group, kernel, kernel], stride: stride, pad: pad, group: group, bias: bias)
      // A constant added to a whole channel has no gradient if a normalisation follows.
      let next = bias ? y : try sketch.norm("bn2", y, to)
      let last = try sketch.conv("third", next, [18, to, 1, 1])
      try sketch.head(last, channels: 18, classes: 2)
      try check(sketch.graph, [5, 3, 11, 8], within: 0.05)
    }
  }

  /// A stem with pooling and two residual blocks, the second with a convolution on its shortcut: bf16 copies written by
  /// convolutions and by normalisations, with one or two readers. Rectifiers near 0 switch sides, hence the tolerance.
  @Test func residualBlocks() throws {
    var sketch = Sketch()
    let x = sketch.input([6, 3, 16, 16])
    let stem = sketch.op(
      "r0", .relu(Relu()), [try sketch.norm("bn0", try sketch.conv("c0", x, [16, 3, 3, 3], pad: 1), 16)])
    let pool = sketch.op(
      "pool0", .maxPool(MaxPool(Window(kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1]))), [stem])
    let a = sketch.op("ra", .relu(Relu()), [try sketch.norm("bna", try sketch.conv("ca", pool, [32, 16, 1, 1]), 32)])
    let b = try sketch.norm("bnb", try sketch.conv("cb", a, [16, 32, 3, 3], pad: 1), 16)
    let r1 = sketch.op("r1", .relu(Relu()), [sketch.op("add1", .add(Add()), [b, pool])])
    let c = try sketch.norm("bnc", try sketch.conv("cc", r1, [32, 16, 3, 3], stride: 2, pad: 1), 32)
    let down = try sketch.norm("bnd", try sketch.conv("cd", r1, [32, 16, 1, 1], stride: 2), 32)
    let r2 = sketch.op("r2", .relu(Relu()), [sketch.op("add2", .add(Add()), [c, down])])
    try sketch.head(r2, channels: 32, classes: 2)
    try check(sketch.graph, [6, 3, 16, 16], within: 0.15)
  }

  /// The gradients of a fresh ResNet-18, whose error is mostly due to rectifiers that switch sides. PyTorch's autocast
  /// deviates by 0.33 on average over the convolutions of such a network (16 pictures of 64 pixels).
  @Test func residualNetwork() throws {
    let graph = try Architecture.resnet18.graph(classes: 2, inputSize: (64, 64), seed: 3)
    let errors = try errors(graph, [16, 3, 64, 64], threads: 2).filter { $0.name.hasSuffix("conv1.weight") }
    let mean = errors.reduce(0) { $0 + $1.error } / Double(errors.count)
    #expect(mean < 0.3, "\(errors)")
  }

  /// Grad-CAM runs the backward pass of a network in evaluation mode.
  @Test func classActivationsAreThoseOfFloat() throws {
    let graph = try Architecture.resnet18.graph(classes: 2, inputSize: (64, 64), seed: 3)
    let images = try Tensor.noise([2, 3, 64, 64], seed: 5)
    let maps = try [Precision.bfloat16, .float32].map { precision in
      try TrainingNetwork(graph, inputShape: [2, 3, 64, 64], threads: 2, precision: precision)
        .classActivations(images, classes: [0, 1])
    }
    #expect(maps[0].map { $0.layer } == maps[1].map { $0.layer })
    for (narrow, wide) in zip(maps[0], maps[1]) {
      for (a, b) in zip(narrow.values, wide.values) { #expect(abs(a - b) < 0.1) }
    }
  }
}
