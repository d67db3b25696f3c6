import ModelGraph
import Passes
import TestSupport
import Testing

@Suite struct FusionTests {
  @Test(arguments: [[5], [1, 5], [1]] as [[Int]]) func matMulAndARowMakeAGemm(_ row: [Int]) throws {
    var sketch = Sketch()
    let product = try sketch.node("MatMul", [sketch.input([3, 4]), try sketch.constant([4, 5])])
    sketch.output(try sketch.node("Add", [try sketch.constant(Shape(row)), product]))
    #expect(try apply(fuseMatMulAdd, to: sketch, changes: 1, tolerance: 1e-6).operators == ["Gemm"])
  }

  @Test func matMulAndAColumnStay() throws {
    var sketch = Sketch()
    let product = try sketch.node("MatMul", [sketch.input([5, 4]), try sketch.constant([4, 5])])
    sketch.output(try sketch.node("Add", [product, try sketch.constant([5, 1])]))
    #expect(try apply(fuseMatMulAdd, to: sketch, changes: 0).operators == ["MatMul", "Add"])
  }

  @Test func residualBlockIsTwoConvolutions() throws {
    var sketch = Sketch()
    let x = sketch.input([.symbol("N"), .fixed(4), .symbol("H"), .symbol("W")])
    var y = try sketch.node("Relu", [try sketch.conv(x, from: 4, to: 4)])
    y = try sketch.node("Add", [try sketch.conv(y, from: 4, to: 4, bias: true), x])
    sketch.output(try sketch.node("Relu", [y]))
    let graph = try apply(fuseConvolution, to: sketch, changes: 3, tolerance: 1e-6)
    #expect(graph.operators == ["FusedConv", "FusedConv"])
  }

  /// The first operand is produced by a node between the convolution and the sum.
  @Test func fusedNodeStandsBehindWhatItReads() throws {
    var sketch = Sketch()
    let x = sketch.input([1, 4, 5, 5])
    let y = try sketch.conv(x, from: 4, to: 4)
    let z = try sketch.node("Sigmoid", [x])
    sketch.output(try sketch.node("Relu", [try sketch.node("Add", [z, y])]))
    let graph = try apply(fuseConvolution, to: sketch, changes: 2, tolerance: 1e-6)
    #expect(graph.operators == ["Sigmoid", "FusedConv"])
  }

  @Test func ofTwoConvolutionsTheLaterTakesTheSum() throws {
    var sketch = Sketch()
    let x = sketch.input([1, 4, 5, 5])
    let (a, b) = (try sketch.conv(x, from: 4, to: 4), try sketch.conv(x, from: 4, to: 4))
    sketch.output(try sketch.node("Add", [a, b]))
    let graph = try apply(fuseConvolution, to: sketch, changes: 1, tolerance: 1e-6)
    #expect(graph.operators == ["Conv", "FusedConv"])
    #expect(graph.nodes[1].inputs[3] == graph.nodes[0].outputs[0])
  }

  @Test func relu6IsAnActivation() throws {
    var sketch = Sketch()
    let x = sketch.input([1, 4, 5, 5])
    let low = sketch.graph.addConstant("low", try Tensor(scalar: Float(0)))
    let high = sketch.graph.addConstant("high", try Tensor(scalar: Float(0.6)))
    sketch.output(try sketch.node("Clip", [try sketch.conv(x, from: 4, to: 4), low, high]))
    sketch.output(try sketch.node("Clip", [try sketch.conv(x, from: 4, to: 4), nil, high]))
    let graph = try apply(fuseConvolution, to: sketch, changes: 2, tolerance: 1e-6)
    #expect(graph.operators == ["FusedConv", "FusedConv"])
  }

  @Test func sumsThatBroadcastAndValuesReadTwiceStay() throws {
    var sketch = Sketch()
    let x = sketch.input([1, 4, 5, 5])
    let y = try sketch.conv(x, from: 4, to: 4)
    sketch.output(try sketch.node("Add", [y, try sketch.constant([4, 1, 1])]))
    let z = try sketch.conv(x, from: 4, to: 4)
    sketch.output(try sketch.node("Add", [z, z]))
    let put = try sketch.conv(x, from: 4, to: 4)
    sketch.output(put)
    sketch.output(try sketch.node("Relu", [put]))
    #expect(try apply(fuseConvolution, to: sketch, changes: 0).count("FusedConv") == 0)
  }

  /// A larger and a smaller kernel, and a normalisation of the same value.
  @Test(arguments: [1, 2, 4]) func parallelBranchesAreOneConvolution(_ group: Int) throws {
    var sketch = Sketch(seed: group)
    let x = sketch.input([.symbol("N"), .fixed(4), .symbol("H"), .symbol("W")])
    let wide = try sketch.node(
      "Conv", [x, try sketch.constant([4, 4 / group, 3, 5]), try sketch.constant([4])],
      [.ints("pads", [1, 2, 1, 2]), .int("group", group)])
    let narrow = try sketch.node("Conv", [x, try sketch.constant([4, 4 / group, 1, 1])], [.int("group", group)])
    let sum = try sketch.node("Add", [narrow, wide])
    sketch.output(try sketch.node("Add", [try sketch.norm(x, 4), sum]))
    let graph = try apply(mergeParallelConvolutions, to: sketch, changes: 2, tolerance: 1e-6)
    #expect(graph.operators == ["Conv"])
  }

  @Test func otherSumsOfConvolutionsStay() throws {
    var sketch = Sketch()
    let (x, z) = (sketch.input([1, 4, 6, 6]), sketch.input([1, 4, 6, 6]))
    func conv(_ x: Int, _ kernel: Int, pads: [Int] = [0, 0, 0, 0], stride: Int = 1, group: Int = 1) throws -> Int {
      try sketch.node(
        "Conv", [x, try sketch.constant([4, 4 / group, kernel, kernel])],
        [.ints("pads", pads), .ints("strides", [stride, stride]), .int("group", group)])
    }
    func add(_ a: Int, _ b: Int) throws { sketch.output(try sketch.node("Add", [a, b])) }
    // Other inputs, other groups, a kernel that reaches beyond the other, a sum that broadcasts, other strides.
    try add(try conv(x, 1), try conv(z, 1))
    try add(try conv(x, 3, pads: [1, 1, 1, 1]), try conv(x, 1, group: 2))
    try add(try conv(x, 3, pads: [2, 2, 0, 0]), try conv(x, 2, pads: [0, 0, 1, 1]))
    try add(try conv(x, 6), try conv(x, 3, pads: [1, 1, 1, 1]))
    try add(try sketch.norm(x, 4), try conv(x, 3, pads: [4, 4, 3, 3], stride: 2))
    // A branch that something else reads.
    let read = try conv(x, 1)
    sketch.output(read)
    try add(read, try conv(x, 3, pads: [1, 1, 1, 1]))
    _ = try apply(mergeParallelConvolutions, to: sketch, changes: 0)
  }

  @Test func aZeroIsNotAdded() throws {
    var sketch = Sketch()
    let x = sketch.input([2, 3])
    let zero = sketch.constant(try Tensor(scalar: Float(0)))
    sketch.output(try sketch.node("Relu", [try sketch.node("Add", [x, zero])]))
    sketch.output(try sketch.node("Relu", [try sketch.node("Add", [x, try sketch.constant([1])])]))
    sketch.output(
      try sketch.node("Relu", [try sketch.node("Add", [x, sketch.constant(try Tensor([1, 1, 1], [Float(0)]))])]))
    #expect(try apply(dropIdentity, to: sketch, changes: 1).count("Add") == 2)
  }

  @Test func zerosAroundPlanesBecomePads() throws {
    var sketch = Sketch()
    let x = sketch.input([.symbol("N"), .fixed(4), .symbol("H"), .symbol("W")])
    let padded = try sketch.node("Pad", [x, try sketch.ints([0, 0, 0, 1, 0, 0, 2, 1])])
    let w = try sketch.constant([4, 4, 3, 3])
    sketch.output(try sketch.node("Conv", [padded, w], [.ints("pads", [1, 0, 0, 1])]))
    let graph = try apply(foldPadIntoConvolution, to: sketch, changes: 1)
    #expect(graph.operators == ["Conv"])
  }

  /// Other values, channels, negative pads, and a value that something else reads.
  @Test func otherPadsStay() throws {
    var sketch = Sketch()
    let x = sketch.input([1, 4, 6, 6])
    func conv(_ pads: [Int64], _ value: Float? = nil, channels: Int = 4, mode: String = "constant") throws -> Int {
      let number = try value.map { sketch.constant(try Tensor(scalar: $0)) }
      let padded = try sketch.node("Pad", [x, try sketch.ints(pads), number], [.string("mode", mode)])
      sketch.output(try sketch.node("Conv", [padded, try sketch.constant([4, channels, 3, 3])]))
      return padded
    }
    _ = try conv([0, 0, 1, 1, 0, 0, 1, 1], 1)
    _ = try conv([0, 1, 0, 0, 0, 0, 0, 0], channels: 5)
    _ = try conv([0, 0, -1, 0, 0, 0, 0, 0])
    _ = try conv([0, 0, 1, 1, 0, 0, 1, 1], mode: "reflect")
    sketch.output(try conv([0, 0, 1, 1, 0, 0, 1, 1]))
    _ = try apply(foldPadIntoConvolution, to: sketch, changes: 0)
  }

  @Test func tapsThatOnlyReadPaddingAreDropped() throws {
    var sketch = Sketch()
    let x = sketch.input([2, 4, 5, 7])
    func conv(_ dilations: [Int], pads: [Int], _ strides: [Int] = [1, 1]) throws {
      let w = try sketch.constant([3, 4, 3, 3])
      let attributes: [Attribute] = [.ints("dilations", dilations), .ints("pads", pads), .ints("strides", strides)]
      sketch.output(try sketch.node("Conv", [x, w, try sketch.constant([3])], attributes))
    }
    try conv([5, 7], pads: [5, 7, 5, 7])
    try conv([9, 2], pads: [9, 2, 9, 2], [2, 2])
    try conv([3, 6], pads: [0, 6, 6, 6])
    let graph = try apply(dropUnreachableTaps, to: sketch, changes: 3)
    let kernels = graph.nodes.map { node -> [Int] in
      if case .conv(let conv) = node.operation { conv.window.kernel } else { [] }
    }
    #expect(kernels == [[1, 1], [1, 3], [2, 3]])
  }
}
