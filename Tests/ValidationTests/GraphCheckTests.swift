import ModelGraph
import Testing
import Validation

@Suite struct GraphCheckTests {
  private func operation(_ name: String, _ attributes: [Attribute] = []) throws -> Operator {
    try Operator(
      name, domain: .onnx, AttributeReader(name, opset: 21, inputCount: 1, attributes: attributes))
  }

  private func codes(_ graph: Graph) -> [Code] { Validator.findings(in: graph).map { $0.code } }

  /// x `[N, 3, H, W]` → Conv → Flatten → y
  private func sound() throws -> Graph {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", Declaration(.float32, [.symbol("N"), .fixed(3), .symbol("H"), .symbol("W")]))
    let w = graph.addConstant("w", try Tensor([2, 3, 7, 7], [Float](repeating: 0.25, count: 294)))
    let c = graph.add(try operation("Conv", [.ints("strides", [2, 2])]), "conv", [x, w])
    graph.outputs = [graph.add(try operation("Flatten"), "y", [c])]
    graph.metadata = [("giemsa.input_size", "[32, 32]")]
    return graph
  }

  @Test func aSoundGraphHasNoFindings() throws {
    #expect(codes(try sound()).isEmpty)
  }

  @Test func severalProblemsAreFoundAtOnce() throws {
    var graph = try sound()
    let x = graph.inputs[0]
    let wide = graph.addConstant("wide", try Tensor(zeros: [2, 64, 3, 3]))
    let broken = graph.add(try operation("Conv"), "broken", [x, wide])
    let flat = graph.addConstant("flat", try Tensor(zeros: [2]))
    graph.outputs.append(graph.add(try operation("Flatten"), "after", [broken]))
    graph.outputs.append(graph.add(try operation("Conv"), "another", [x, flat]))
    graph.outputs.append(graph.addValue("nobody"))
    graph.values[wide].constant?.withMutableElements(Float.self) { $0[5] = .nan }
    #expect(codes(graph) == [.shapeMismatch, .wrongRank, .noOutput, .notFinite])
  }

  @Test func boundsAndMasksMayBeInfinite() throws {
    var graph = try sound()
    let mask = graph.addConstant("mask", try Tensor([2], [-Float.infinity, 0]))
    graph.outputs.append(graph.add(try operation("Add"), "masked", [mask, mask]))
    #expect(codes(graph).isEmpty)
    let factors = graph.addConstant("factors", try Tensor([2, 1], [1, -Float.infinity]))
    graph.outputs.append(graph.add(try operation("MatMul"), "product", [mask, factors]))
    #expect(codes(graph) == [.notFinite, .notFinite])
    graph.values[factors].constant = try Tensor([2, 1], [Float.nan, 2])
    graph.values[mask].constant = try Tensor([2], [Float(3), 0])
    #expect(codes(graph) == [.notFinite])
  }

  @Test func declaredOutputsAreHeldToTheRules() throws {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", Declaration(.float32, [2, 3]))
    let y = graph.add(try operation("Flatten"), "y", [x])
    graph.outputs = [y]
    graph.metadata = [("giemsa.input_size", "[8, 8]")]
    graph.values[y].declaration = Declaration(.float32, [2, 3])
    #expect(codes(graph).isEmpty)
    graph.values[y].declaration = Declaration(.float32, [2, 4])
    #expect(codes(graph) == [.shapeMismatch])
    graph.values[y].declaration = Declaration(.int8, [2, 3])
    #expect(codes(graph) == [.typeMismatch])
  }

  @Test func aValueHasOneSource() throws {
    var graph = try sound()
    graph.nodes.append(graph.nodes[1])
    #expect(codes(graph) == [.definedTwice])
  }

  @Test func aThousandFindingsAreListedAndTheRestCounted() throws {
    var graph = try sound()
    for index in 0..<3000 { _ = graph.addConstant("unused \(index)", try Tensor(scalar: Float(1))) }
    graph.outputs.append(graph.addValue("nobody"))
    let findings = Validator.findings(in: graph)
    #expect(findings.count == Limits.standard.findings)
    #expect(findings.first?.code == .noOutput)
    #expect(findings.errorCount == 1)
    #expect(findings.warningCount == 3000)
    #expect(findings.moreWarnings == 2001)
    // Text that would cause messages of millions of characters.
    graph.nodes[0].name = String(repeating: "\u{202E}", count: 100_000)
    graph.nodes[0].inputs[1] = nil
    let longest = Validator.findings(in: graph).map { $0.text.utf8.count }.max()
    #expect(try #require(longest) < 1300)
  }

  @Test func oneSigmoidTellsTwoClassesApart() throws {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", Declaration(.float32, [.symbol("N"), .fixed(1), .fixed(8), .fixed(8)]))
    let pooled = graph.add(try operation("GlobalAveragePool"), "pool", [x])
    let flat = graph.add(try operation("Flatten"), "flat", [pooled])
    graph.outputs = [graph.add(try operation("Sigmoid"), "y", [flat])]
    graph.metadata = [("giemsa.input_size", "[8, 8]"), ("giemsa.classes", #"["a", "b"]"#)]
    #expect(codes(graph).isEmpty)
    graph.metadata[1].value = #"["a"]"#
    #expect(codes(graph) == [.badMetadata])
  }

  @Test func namesCannotBreakTheLine() throws {
    var graph = try sound()
    graph.nodes[0].name = "a\n\u{1B}[31mb"
    graph.nodes[0].inputs[1] = nil
    let text = try #require(Validator.findings(in: graph).first?.text)
    #expect(text.contains(#"node 'a\n\x1b[31mb' (Conv)"#))
  }
}
