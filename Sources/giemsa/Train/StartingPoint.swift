import Foundation
import Imaging
import ModelGraph
import PictureModels
import Quantization
import Text
import Training

/// The initial network of a training run: fresh weights of an architecture, or the weights of a run, a stage or an ONNX
/// file.
struct StartingPoint {
  let graph: Graph
  /// The network's preprocessing and classes.
  let metadata: ModelMetadata
  /// The architecture, or the file's name, as recorded in the settings.
  let name: String
  let head: String
  /// The run or file that the weights came from, without its path; nil for fresh weights.
  let source: String?
  /// Input size, in pixels per side.
  let size: Int
  /// ``PictureHash`` of the pictures that the weights' run was trained on; empty if unknown.
  let trainedPictures: Set<String>

  init(_ options: TrainingOptions, classes: [String]) throws {
    var metadata = ModelMetadata()
    let isFresh = options.from == nil && options.pretrained == nil
    metadata.normalizeColors(isFresh ? .cell : .imagenet)
    let architecture = options.arch ?? .usual
    if let file = options.pretrained, !file.hasSuffix(".onnx") {
      size = options.size ?? 64
      let result = try StartingPoint.weights(
        file, architecture, options.head ?? .linear, classes: classes.count, size: size, seed: options.seed)
      graph = result.graph
      if result.hasHead { complain("note: keeping the last layer of \(file), which has \(classes.count) classes") }
      name = architecture.rawValue
      head = (options.head ?? .linear).rawValue
      source = URL(filePath: file).lastPathComponent
      trainedPictures = []
    } else if let from = options.from ?? options.pretrained {
      let run = try StartingPoint.run(from)
      let path = from.hasSuffix(".onnx") ? from : try run?.modelPath() ?? from
      let file = try run?.read()
      try StartingPoint.checkContradictions(options, from, file)
      var graph = try readModel(path)
      do {
        let known = try ModelMetadata(graph.metadata)
        try StartingPoint.checkSize(options, file?.settings.size ?? known.inputSize.first)
        metadata.channelOrder = known.channelOrder
        metadata.bits = known.bits
        metadata.positive = known.positive
        metadata.cell = known.cell
        metadata.trainingSlides = known.trainingSlides
        if known.saysHowColorsAreNormalized {
          metadata.mean = known.mean
          metadata.std = known.std
          metadata.centering = known.centering
        }
        if file != nil, options.size == nil { metadata.resize = known.resize }
        size = options.size ?? file?.settings.size ?? known.inputSize.first ?? 64
        if graph.isQuantized { graph = try graph.dequantized() }
        // Dropout in training mode has no shape rule: nothing below would run.
        graph.forgetTrainingMode()
        try graph.checkWeights()
        try graph.endInLogits()
        try graph.adaptInputChannels(to: 3)
        try StartingPoint.setInput(&graph, size: size, threads: options.threads)
        let shape = Shape([1, 3, size, size])
        let scores = try graph.infer([shape])[graph.outputs[0]]?.shape.count ?? 0
        if options.pretrained != nil, options.head == .fastai {
          graph = try graph.replacingHeadByFastais(classes: classes.count, inputShape: shape, seed: options.seed)
        } else if !known.classes.elementsEqual(classes, by: { $0.isExactly($1) }) || scores != classes.count {
          graph = try graph.replacingHead(classes: classes.count, seed: options.seed)
        }
        try graph.checkAnyBatch(shape, classes: classes.count)
      } catch {
        throw CommandFailure("\(path): \(error)")
      }
      self.graph = graph
      name = file?.settings.architecture ?? URL(filePath: path).lastPathComponent
      head = file?.settings.head ?? (options.pretrained == nil ? "" : options.head?.rawValue ?? "")
      source = URL(filePath: run?.path ?? path).lastPathComponent
      trainedPictures = Set((run?.pictures() ?? []).filter { $0.side == .train }.map { $0.hash })
    } else {
      size = options.size ?? 64
      graph = try architecture.graph(
        classes: classes.count, head: options.head ?? .linear, inputSize: (size, size), seed: options.seed)
      name = architecture.rawValue
      head = (options.head ?? .linear).rawValue
      source = nil
      trainedPictures = []
    }
    if let normalize = options.normalize { metadata.normalizeColors(normalize) }
    metadata.classes = classes
    metadata.inputSize = [size, size]
    metadata.resize = options.resize ?? metadata.resize
    metadata.bits = options.bits ?? metadata.bits
    if let resize = options.resize, 2 * resize < size {
      throw CommandFailure("--resize \(resize) is too small to crop \(size) pixels per side from")
    }
    self.metadata = metadata
  }

  /// Throws if `--arch` or `--head` contradict the run or file that training starts from; they would be ignored
  /// otherwise.
  private static func checkContradictions(_ options: TrainingOptions, _ from: String, _ file: RunFile?) throws {
    let option = options.from == nil ? "--pretrained" : "--from"
    if let asked = options.arch?.rawValue, asked != file?.settings.architecture {
      let found = file.map { "\($0.settings.architecture)" } ?? "what the file holds"
      throw CommandFailure("--arch \(asked): the network of \(option) \(from) is \(found); leave --arch out")
    }
    guard let asked = options.head?.rawValue, options.from != nil, asked != file?.settings.head else { return }
    let found = file.map { $0.settings.head.isEmpty ? "its own" : $0.settings.head } ?? "what the file holds"
    throw CommandFailure(
      "--head \(asked): the head of --from \(from) is \(found); leave --head out, or give the file to --pretrained")
  }

  /// Throws if `--size` is not the size that the model records. A model that records none may be trained at any size
  /// that its network accepts.
  private static func checkSize(_ options: TrainingOptions, _ recorded: Int?) throws {
    guard let asked = options.size, let recorded, asked != recorded, !options.override else { return }
    throw CommandFailure(
      "was trained at \(counted(recorded, "pixel")), not at --size \(asked); leave --size out, or give --override to train it "
        + "at another size")
  }

  /// An architecture with the weights of a `.safetensors` file. `classes` nil means as many classes as the file has.
  static func weights(
    _ file: String, _ architecture: Architecture, _ head: Architecture.Head, classes: Int?, size: Int,
    seed: UInt64
  ) throws -> (graph: Graph, hasHead: Bool) {
    guard !RunFolder.exists(file) else { throw CommandFailure("--pretrained \(file): a run; name it with --from") }
    guard FileManager.default.fileExists(atPath: file) else {
      throw CommandFailure("\(file): no such file")
    }
    do {
      return try architecture.graph(
        weights: try SafeTensors(contentsOf: file), classes: classes, head: head, inputSize: (size, size), seed: seed)
    } catch {
      throw CommandFailure("\(file): \(error)")
    }
  }

  /// The run that `from` names, or that an ONNX file named by it lies in.
  private static func run(_ from: String) throws -> RunFolder? {
    if from.hasSuffix(".onnx") {
      let folder = URL(filePath: from).deletingLastPathComponent().path
      return RunFolder.exists(folder) ? RunFolder(path: folder) : nil
    }
    if let run = RunFolder.find(from) { return run }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: from, isDirectory: &isFolder) else {
      throw CommandFailure("\(from): no such run, stage or file to start from")
    }
    guard !isFolder.boolValue else {
      throw RunFolder.foldsFailure(from) ?? CommandFailure("\(from): not a run (the folder has no settings.json)")
    }
    return nil
  }

  /// Sets the input's shape to `[N, 3, size, size]`: training needs batches, whatever batch the file was exported for.
  static func setInput(_ graph: inout Graph, size: Int, threads: Int) throws(GraphError) {
    guard graph.inputs.count == 1, let declaration = graph.values[graph.inputs[0]].declaration,
      declaration.type == .float32, declaration.dimensions.count == 4, !graph.outputs.isEmpty
    else {
      throw GraphError(.badInput, "is not a picture classifier (one float32 input [N, 3, height, width])")
    }
    var channels = 3
    if case .fixed(let extent) = declaration.dimensions[1] { channels = extent }
    guard !PictureAxes(declaration.dimensions).isChannelsLast, channels == 3 else {
      throw GraphError(
        .badInput,
        "takes pictures as [\(declaration.dimensions.map { $0.text }.joined(separator: ", "))]; only [N, 3, height, width] can be trained (infer, evaluate and quantize take "
          + "[N, height, width, channels] and greys too)")
    }
    for axis in 2...3 {
      if case .fixed(let extent) = declaration.dimensions[axis], extent != size {
        // Networks with global pooling accept other sizes; for the rest, the shape rules report the error.
        complain("note: the model was exported for \(extent) pixels and is trained at \(size)")
        break
      }
    }
    graph.values[graph.inputs[0]].declaration = Declaration(
      .float32, [.symbol("N"), .fixed(3), .fixed(size), .fixed(size)])
    for id in graph.outputs { graph.values[id].declaration = nil }
    // A file that says that its batch is free may still hold the batch of one that it was exported with.
    var batch = 1
    if case .fixed(let fixed) = declaration.dimensions[0] {
      batch = fixed
    } else if (try? graph.infer([[2, 3, size, size]])) != nil {
      return try graph.checkScores([2, 3, size, size])
    }
    let shape = Shape([batch, 3, size, size])
    try graph.checkScores(shape)
    let original = graph
    if try graph.freeBatch(batch, inputShape: shape) > 0 {
      try graph.checkFreed(from: original, inputShape: shape, threads: threads)
    }
  }
}

extension ModelMetadata {
  fileprivate mutating func normalizeColors(_ how: ColorNormalization) {
    switch how {
    case .imagenet:
      mean = channelOrder == .rgb ? Preprocessing.imageNetMean : Preprocessing.imageNetMean.reversed()
      std = channelOrder == .rgb ? Preprocessing.imageNetStd : Preprocessing.imageNetStd.reversed()
      centering = nil
    case .cell:
      (mean, std) = ([], [])
      centering = .cell
    }
  }
}
