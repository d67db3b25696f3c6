import ModelGraph
import PictureModels
import Testing
import Text

/// Valid and invalid `giemsa.*` metadata, and JSON as in RFC 8259.
@Suite struct MetadataTests {
  private func metadata(_ key: String, _ value: String) throws -> ModelMetadata {
    try ModelMetadata([("giemsa.\(key)", value)])
  }

  private func refuses(_ key: String, _ value: String) -> Bool {
    do {
      _ = try metadata(key, value)
      return false
    } catch {
      return (error as? GraphError)?.code == .badMetadata
    }
  }

  @Test func validJSONIsRead() throws {
    let cases: [(String, [String])] = [
      (" [ \t\r\n\"a\" ] ", ["a"]), (#"["a","b"]"#, ["a", "b"]), ("\r\n[\t\"a\"\r,\n\"b\" ]\t", ["a", "b"]),
      (#"["\"\\\/\b\f\n\r\t"]"#, ["\"\\/\u{8}\u{C}\n\r\t"]), (#"["\u0041\u00e9\u20AC"]"#, ["Aé€"]),
      (#"["\ud83e\uDda0"]"#, ["🦠"]), (#"["\u0000"]"#, ["\u{0}"]), ("[\"\u{7F}\"]", ["\u{7F}"]),
      (#"["\udce9"]"#, [PathText.text(of: [0xE9])]), (#"["\udcc3\udca9"]"#, ["é"]),
    ]
    for (text, names) in cases { #expect(try metadata("classes", text).classes == names, "\(text)") }
    let mean = try ModelMetadata([("giemsa.mean", "[0, -1.5,\t2e-1\r, 1E+2]"), ("giemsa.std", "[1,1,1,1]")]).mean
    #expect(mean == [0, -1.5, 0.2, 100])
  }

  @Test func invalidJSONIsRefused() {
    for text in [
      "", "[", "]", "[\"a\"", "[\"a\",]", "[,\"a\"]", "[\"a\" \"b\"]", "[\"a\"] x", "[a]", "['a']", "[1]", "\"a\"",
      "{}",
      #"["\x"]"#, #"["\u12"]"#, #"["\u12g4"]"#, #"["\ud83e"]"#, #"["\ud83ex"]"#, #"["\udda0"]"#, #"["\ud83e\u0041"]"#,
      "[\"a\nb\"]", "[\"a\tb\"]", "[\"\u{1}\"]", "[\"a]", "[\"a\\\"]", "[null]",
    ] { #expect(refuses("classes", text), "\(text)") }
    for text in [
      "[1,2,]", "[01,2]", "[+1,2]", "[.5,2]", "[5.,2]", "[0x10,2]", "[1 2]", "[1 2,3]", "[1e,2]", "[- 1,2]", "[NaN,2]",
      "[Infinity,2]", "[inf,2]", "[1e999,2]", "[\"1\",2]", "[1,2]]", "1,2", "[1;2]", "[1_0,2]",
    ] { #expect(refuses("input_size", text), "\(text)") }
  }

  /// Valid JSON, but not valid as class names.
  @Test func aListOfNoClasses() {
    for text in ["[]", " [ \t\r\n] "] { #expect(refuses("classes", text), "\(text)") }
  }

  @Test func hashesOfSlides() throws {
    #expect(try metadata("training_slides", "0123456789ab 00ff00ff00ff").trainingSlides.utf8.count == 25)
    for text in ["zzz", "0123456789a", "0123456789ab ", "0123456789abc", "0123456789AB", "0123456789ab  0123456789ab"] {
      #expect(refuses("training_slides", text), "\(text)")
    }
  }

  @Test func aThresholdIsAProbabilityOfThePositiveClass() throws {
    let named = [("giemsa.classes", #"["ill", "well", "other"]"#), ("giemsa.positive", "ill")].map {
      (key: $0.0, value: $0.1)
    }
    func with(_ text: String) throws -> ModelMetadata { try ModelMetadata(named + [("giemsa.threshold", text)]) }
    #expect(try with("0.25").threshold == 0.25)
    #expect(try ModelMetadata(try with("0.25").entries).threshold == 0.25)
    for text in ["0", "1", "-0.5", "nan", "", "0.5 ", "0,5", "50%"] {
      #expect(throws: GraphError.self, "\(text)") { _ = try with(text) }
    }
    #expect(refuses("threshold", "0.5"))
    let decision = try with("0.25").decision
    #expect(decision([0.25, 0.6, 0.15]) == 0)
    #expect(decision([0.24, 0.36, 0.4]) == 2)
    #expect(decision([0.2, 0.4, 0.4]) == 1)
    #expect(try with("0.9").decision([0.8, 0.05, 0.15]) == 2)
    #expect(try ModelMetadata(named).decision([0.3, 0.35, 0.35]) == 1)
    #expect(ClassDecision(positive: 0, threshold: 0.5)([1]) == 0)
  }

  @Test func looksAreOneOrEight() throws {
    #expect(try metadata("looks", "8").looks == 8)
    #expect(try ModelMetadata(try metadata("looks", "8").entries).looks == 8)
    for text in ["0", "2", "9", "-1", "eight", ""] { #expect(refuses("looks", text)) }
  }

  @Test func ratesAreCounts() throws {
    #expect(try metadata("sensitivity", "381/415").sensitivity == ObservedRate(hits: 381, count: 415))
    #expect(try metadata("specificity", "0/0").specificity == ObservedRate(hits: 0, count: 0))
    for text in ["", "/", "1/", "/1", "2/1", "-1/2", "1/2/3", "1.0/2", "1 / 2", "0x1/2", "1/9999999999999", "0.92"] {
      #expect(refuses("sensitivity", text), "\(text)")
      #expect(refuses("specificity", text), "\(text)")
    }
  }

  @Test func howCellsAreCut() throws {
    for cut in [CellCut(margin: 0.15), CellCut(surroundings: .black), CellCut(margin: 4, surroundings: .real)] {
      #expect(try metadata("cell", cut.text).cell == cut)
    }
    #expect(CellCut(margin: 0.15).text == "real 0.15" && CellCut(surroundings: .black).text == "black 0")
    for text in [
      "", "real", "0.1 real", "real 4.1", "real -0.1", "real nan", "real  0.1", "real 0.1 ", "Real 0.1",
      "real 0.1 more",
    ] { #expect(refuses("cell", text), "\(text)") }
  }

  @Test func sizesAreWholeNumbersOfPixels() throws {
    #expect(try metadata("input_size", "[16, 8.0]").inputSize == [16, 8])
    #expect(try metadata("resize", "160").resize == 160)
    for text in ["[16.9, 16.2]", "[0, 8]", "[-1, 8]", "[16385, 8]", "[1e300, 8]", "[8]", "[8, 8, 8]", "[]"] {
      #expect(refuses("input_size", text), "\(text)")
    }
    for text in ["", " ", "0", "16.5", "16, 16", "16385", "nan", "[16]"] { #expect(refuses("resize", text), "\(text)") }
  }

  @Test func meansAndDeviationsAreSensible() throws {
    func both(_ mean: String, _ std: String) throws -> ModelMetadata {
      try ModelMetadata([("giemsa.mean", mean), ("giemsa.std", std)])
    }
    #expect(try both("[0.5]", "[1e-6]").std == [1e-6])
    for (mean, std) in [
      ("[0.5]", "[1e-45]"), ("[0.5]", "[0]"), ("[0.5]", "[-1]"), ("[0.5]", "[1e300]"), ("[1e300]", "[1]"),
      ("[nan]", "[1]"), ("[0.5]", "[inf]"), ("[0.5]", "[1, 1]"), ("[]", "[1]"), ("[-1e7]", "[1]"),
    ] {
      #expect(throws: GraphError.self, "\(mean) \(std)") { _ = try both(mean, std) }
    }
  }

  @Test func classesHaveNamesOfTheirOwn() throws {
    for names in [["A", "A"], ["a", "b", "a"], [""], [String(repeating: "n", count: 1025)]] {
      var metadata = ModelMetadata()
      metadata.classes = names
      #expect(throws: GraphError.self, "\(names)") { _ = try ModelMetadata(metadata.entries) }
    }
    // These look alike but differ in bytes.
    let alike = ["\u{E9}", "e\u{301}"]
    var metadata = ModelMetadata()
    metadata.classes = alike
    let back = try ModelMetadata(metadata.entries).classes
    #expect(back.map { Array($0.utf8) } == alike.map { Array($0.utf8) })
    #expect(throws: GraphError.self) {
      _ = try ModelMetadata([("giemsa.resize", "8"), ("giemsa.resize", "8")])
    }
  }

  @Test func whatIsQuotedIsReadBack() throws {
    var scalars = String.UnicodeScalarView()
    for value in UInt32(0)..<0x200 { if let scalar = Unicode.Scalar(value) { scalars.append(scalar) } }
    let names = [
      String(scalars), "\u{FFFF}\u{1F9A0}\u{2028}", PathText.text(of: [0x61, 0xFF, 0xE2, 0x82, 0x61]),
      PathText.text(of: Array("\u{10FFFF}".utf8)),
    ]
    var metadata = ModelMetadata()
    metadata.classes = names
    let back = try ModelMetadata(metadata.entries).classes
    #expect(back.map { PathText.bytes(of: $0) } == names.map { PathText.bytes(of: $0) })
    #expect(JSONText.quoted(PathText.text(of: [0x61, 0xE9])) == #""a\udce9""#)
    #expect(JSONText.quoted("\u{1}\"\\\r\u{7F}") == #""\u0001\"\\\u000d\u007f""#)
  }

  // MARK: Softmax

  /// x `[N, 3, 8, 8]` → pooled, flattened, to three scores.
  private func classifier(_ steps: [(String, [Attribute])]) throws -> Graph {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", Declaration(.float32, [.symbol("N"), .fixed(3), .fixed(8), .fixed(8)]))
    var y = graph.add(try Operator(named: "GlobalAveragePool"), "pool", [x])
    for (index, (kind, attributes)) in steps.enumerated() {
      y = graph.add(try Operator(named: kind, attributes), "\(kind)\(index)", [y])
    }
    graph.outputs = [y]
    graph.metadata = [("giemsa.classes", #"["a", "b", "c"]"#)]
    return graph
  }

  private func probabilities(_ steps: [(String, [Attribute])], batch: Int = 2) throws -> [Double] {
    let graph = try classifier(steps)
    let classifier = try ClassifierInterface(graph, batch: batch, size: nil)
    let x = try Tensor([batch, 3, 8, 8], (0..<batch * 192).map { Float($0 / 64 % 3) })
    let scores = try graph.evaluate([x])[0].array(of: Float.self)
    return try scores[0..<3].withUnsafeBufferPointer { try #require(classifier.probabilities($0)) }
  }

  @Test func everyEndingGivesTheSameProbabilities() throws {
    let flatten = ("Flatten", [Attribute]())
    let wanted = [0.0900306, 0.2447285, 0.6652410]
    let endings: [[(String, [Attribute])]] = [
      [flatten], [flatten, ("Softmax", [.int("axis", 1)])], [flatten, ("Softmax", [])],
      [("Softmax", [.int("axis", 1)])],
      [("Softmax", [.int("axis", -3)]), flatten], [flatten, ("LogSoftmax", [.int("axis", -1)])],
      [("LogSoftmax", [.int("axis", 1)]), flatten, ("Identity", [])],
    ]
    for ending in endings {
      for batch in [1, 2, 3] {
        for (found, expected) in zip(try probabilities(ending, batch: batch), wanted) {
          #expect(abs(found - expected) < 1e-6, "\(ending.map { $0.0 })")
        }
      }
    }
  }

  @Test func aSoftmaxOverSomethingElseIsRefused() throws {
    let flatten = ("Flatten", [Attribute]())
    let endings: [[(String, [Attribute])]] = [
      [flatten, ("Softmax", [.int("axis", 0)])], [flatten, ("LogSoftmax", [.int("axis", -2)])],
      [("Softmax", [.int("axis", -1)]), flatten], [("Softmax", [.int("axis", 0)]), flatten],
    ]
    for ending in endings {
      for batch in [1, 2, 3] {
        let error = #expect(throws: GraphError.self) { _ = try probabilities(ending, batch: batch) }
        #expect(error?.code == .badMetadata)
      }
    }
  }

  // MARK: Flags and names

  @Test func flagsAreZeroOrOne() throws {
    let flags: [(String, OperatorDomain, String, [Attribute])] = [
      ("Gemm", .onnx, "transA", []), ("Gemm", .onnx, "transB", []), ("ReduceMean", .onnx, "keepdims", []),
      ("ReduceMax", .onnx, "noop_with_empty_axes", []), ("Reshape", .onnx, "allowzero", []),
      ("MaxPool", .onnx, "ceil_mode", [.ints("kernel_shape", [2, 2])]),
      ("MaxPool", .onnx, "storage_order", [.ints("kernel_shape", [2, 2])]),
      ("AveragePool", .onnx, "count_include_pad", [.ints("kernel_shape", [2, 2])]),
      ("BatchNormalization", .onnx, "training_mode", []), ("Cast", .onnx, "saturate", [.int("to", 1)]),
      ("QuantizeLinear", .onnx, "saturate", []),
      ("QLinearAveragePool", .microsoft, "channels_last", [.ints("kernel_shape", [2, 2])]),
      ("QLinearGlobalAveragePool", .microsoft, "channels_last", []), ("QGemm", .microsoft, "transB", []),
    ]
    for (name, domain, flag, others) in flags {
      for value in [-1, 0, 1, 2, 1 << 30] {
        let isRight = (0...1).contains(value)
        let found = try? Operator(named: name, domain: domain, others + [.int(flag, value)])
        #expect((found != nil) == isRight, "\(name) \(flag) \(value)")
      }
    }
    for name in ["Conv", "ConvInteger", "QLinearConv"] {
      #expect(throws: GraphError.self) { _ = try Operator(named: name, [.int("group", 0)]) }
    }
  }

  @Test func freshNamesAreFree() {
    var graph = Graph(name: "g")
    _ = graph.addValue("a")
    _ = graph.addValue("a_1")
    #expect(graph.freshName("a") == "a_2")
    #expect(graph.freshName("a") == "a_3")
    #expect(graph.freshName("b") == "b")
    _ = graph.addValue("b")
    _ = graph.addValue("\u{E9}")
    #expect(Array(graph.freshName("e\u{301}").utf8) == Array("e\u{301}".utf8))
  }
}

extension PathText {
  fileprivate static func text(of bytes: [UInt8]) -> String { bytes.withUnsafeBufferPointer { text($0) } }
}
