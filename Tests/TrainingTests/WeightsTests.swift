import Foundation
import ModelGraph
import TestSupport
import Testing
import Training

@Suite struct WeightsTests {
  /// A file with the given header and numbers.
  private func file(_ header: String, _ numbers: [UInt8]) -> Data {
    var data = Data()
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { data.append(contentsOf: $0) }
    return data + Data(header.utf8) + Data(numbers)
  }

  @Test func readsEveryPrecision() throws {
    let header = """
      {"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},\
      "b":{"dtype":"BF16","shape":[1,2],"data_offsets":[8,12]},"c":{"dtype":"F16","shape":[4],"data_offsets":[12,20]},\
      "n":{"dtype":"I64","shape":[],"data_offsets":[20,28]}}
      """
    let numbers: [UInt8] = [
      0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0, 0x80, 0x3F, 0x20, 0xC0, 0x00, 0x3C, 0x00, 0xC1, 0x01, 0x00, 0xFF, 0x7B, 7, 0,
      0, 0, 0, 0, 0, 0,
    ]
    let weights = try SafeTensors(file(header, numbers))
    #expect(weights.names == ["a", "b", "c", "n"])
    #expect(try weights.tensor("a")?.array(of: Float.self) == [1, -2.5])
    #expect(try weights.tensor("b")?.array(of: Float.self) == [1, -2.5] && weights.shape("b") == [1, 2])
    #expect(try weights.tensor("c")?.array(of: Float.self) == [1, -2.5, 0x1p-24, 65504])
    #expect(try weights.tensor("none") == nil)
    #expect(throws: WeightsError.self) { try weights.tensor("n") }
  }

  @Test(arguments: [
    "{", "[]", "{\"a\":1}", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}",
    "{\"a\":{\"dtype\":\"F99\",\"shape\":[2],\"data_offsets\":[0,8]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}",
  ])
  func refusesDamage(_ header: String) {
    #expect(throws: WeightsError.self) { try SafeTensors(file(header, [UInt8](repeating: 0, count: 8))) }
  }

  @Test func tellsWhatToDoWithPyTorchsOwn() {
    do {
      _ = try SafeTensors(Data([0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 40)))
      Issue.record("accepted")
    } catch { #expect(error.description.contains("PyTorch")) }
  }

  @Test func refusesOtherFiles() {
    for bytes: [UInt8] in [[], [1, 2, 3], [UInt8](repeating: 255, count: 40), Array("hello, I am a text".utf8)] {
      #expect(throws: WeightsError.self) { try SafeTensors(Data(bytes)) }
    }
  }

  /// A state dictionary of one of our networks, as PyTorch would save it.
  private func saved(_ graph: Graph, prefix: String = "") -> Data {
    var (entries, numbers): ([String], [UInt8]) = ([], [])
    for value in graph.values {
      guard let tensor = value.constant else { continue }
      let start = numbers.count
      tensor.withBytes { numbers.append(contentsOf: $0) }
      entries.append(
        "\"\(prefix)\(value.name)\":{\"dtype\":\"F32\",\"shape\":\(tensor.shape.extents),"
          + "\"data_offsets\":[\(start),\(numbers.count)]}")
    }
    return file("{\(entries.joined(separator: ","))}", numbers)
  }

  @Test func weightsByName() throws {
    let graph = try Architecture.resnet18.graph(classes: 3, inputSize: (32, 32), seed: 5)
    let weights = try SafeTensors(saved(graph, prefix: "model."))
    let images = try Tensor.noise([2, 3, 32, 32], seed: 1)
    func logits(_ graph: Graph) throws -> [Float] {
      try TrainingNetwork(graph, inputShape: images.shape, threads: 1).logits(images).array()
    }
    let all = try Architecture.resnet18.graph(
      weights: weights, classes: nil, head: .linear, inputSize: (32, 32), seed: 9)
    #expect(all.hasHead)
    #expect(try logits(all.graph) == logits(graph))
    let fresh = try Architecture.resnet18.graph(
      weights: weights, classes: 2, head: .fastai, inputSize: (32, 32), seed: 9)
    #expect(!fresh.hasHead)
    func conv1(_ graph: Graph) -> [Float]? { graph.values.first { $0.name == "conv1.weight" }?.constant?.array() }
    #expect(conv1(fresh.graph) == conv1(graph) && conv1(graph) != nil)
    do {
      _ = try Architecture.resnet34.graph(
        weights: weights, classes: 2, head: .linear, inputSize: (32, 32), seed: 9)
      Issue.record("a resnet18's weights are not a resnet34's")
    } catch let error as WeightsError {
      #expect(error.description.contains("--arch resnet18"))
    }
  }

  /// A file of another classifier: the hidden layer is kept, the last one fresh. A file of another network is named.
  @Test func weightsOfMobileNets() throws {
    let graph = try Architecture.mobilenetV3Small.graph(classes: 3, inputSize: (32, 32), seed: 5)
    let weights = try SafeTensors(saved(graph, prefix: "module."))
    func tensors(_ graph: Graph) -> [String: [Float]] {
      var tensors: [String: [Float]] = [:]
      for value in graph.values { tensors[value.name] = value.constant?.array() }
      return tensors
    }
    let same = try Architecture.mobilenetV3Small.graph(
      weights: weights, classes: nil, head: .linear, inputSize: (32, 32), seed: 9)
    #expect(same.hasHead && tensors(same.graph) == tensors(graph))
    let other = try Architecture.mobilenetV3Small.graph(
      weights: weights, classes: 2, head: .linear, inputSize: (32, 32), seed: 9)
    let (old, new) = (tensors(graph), tensors(other.graph))
    #expect(!other.hasHead)
    #expect(Set(old.keys.filter { old[$0] != new[$0] }) == ["classifier.3.weight", "classifier.3.bias"])
    for wrong in [Architecture.mobilenetV2, .efficientnetB0, .resnet18] {
      do {
        _ = try wrong.graph(weights: weights, classes: 2, head: .linear, inputSize: (32, 32), seed: 9)
        Issue.record("a mobilenet_v3_small's weights are not those of \(wrong.rawValue)")
      } catch let error as WeightsError {
        #expect(error.description.contains("--arch mobilenet_v3_small"))
      }
    }
  }

  /// The initial network equals the file's network to 1e-5.
  @Test func trainersLogitsAreTheGraphs() throws {
    let graph = try Architecture.resnet18.graph(classes: 3, inputSize: (32, 32), seed: 5)
    let images = try Tensor.noise([2, 3, 32, 32], seed: 1)
    let network = try TrainingNetwork(graph, inputShape: images.shape, threads: 2)
    #expect(try distance(network.logits(images), graph.evaluate([images])[0]) < 1e-5)
  }

  /// A network for grey pictures answers a picture of three equal channels as it did the grey one.
  @Test func greyNetworksTakeColours() throws {
    var sketch = Sketch()
    let x = sketch.input([1, 1, 8, 8])
    let y = try sketch.conv("c", x, [4, 1, 3, 3], pad: 1)
    try sketch.head(y, channels: 4, classes: 2)
    let grey = try Tensor.noise([1, 1, 8, 8], seed: 2)
    let before = try sketch.graph.evaluate([grey])[0]
    var graph = sketch.graph
    try graph.adaptInputChannels(to: 3)
    graph.values[graph.inputs[0]].declaration = Declaration(.float32, [1, 3, 8, 8])
    let values = grey.array(of: Float.self)
    let after = try graph.evaluate([try Tensor([1, 3, 8, 8], values + values + values)])[0]
    #expect(distance(after, before) < 1e-5)
  }

  @Test func inputChannels() throws {
    let rgb = try Tensor([1, 3, 1, 2], [Float(1), 2, 3, 4, 5, 6])
    #expect(try rgb.adaptingInputChannels(to: 1).array(of: Float.self) == [9, 12])
    #expect(try rgb.adaptingInputChannels(to: 4).array(of: Float.self) == [1, 2, 3, 4, 5, 6, 1, 2].map { $0 * 0.75 })
    let grey = try Tensor([1, 1, 1, 2], [Float(3), 6])
    #expect(try grey.adaptingInputChannels(to: 3).array(of: Float.self) == [1, 2, 1, 2, 1, 2])
  }
}
