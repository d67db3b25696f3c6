import ModelGraph
import ONNXFormat
import TestSupport
import Testing

/// How `verify` compares: numpy.testing.assert_allclose for floats, equality for integers.
@Suite struct VerifyTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Verifies an identity model, so that input and output play the roles of found and expected.
  private func run(_ found: Tensor, _ expected: Tensor, _ options: [String] = []) throws -> ProgramRun {
    var graph = Graph(name: "through")
    let x = graph.addInput("x", Declaration(found.type, found.shape))
    graph.outputs = [graph.add(try Operator(named: "Identity"), "y", [x])]
    try ONNXFile.write(graph, to: folder.path("m.onnx"))
    let data = try folder.folder("case")
    try ONNXFile.writeTensor(found, name: "x", to: data + "/input_0.pb")
    try ONNXFile.writeTensor(expected, name: "y", to: data + "/output_0.pb")
    return try ProgramRun("giemsa-field", ["verify", folder.path("m.onnx"), data] + options)
  }

  @Test func tolerancesAddUp() throws {
    let expected = try Tensor([2], [Float(100), 0])
    #expect(try run(try Tensor([2], [Float(100.09), 1e-8]), expected).status == 0)
    #expect(try run(try Tensor([2], [Float(100.2), 0]), expected).status == 1)
    #expect(try run(try Tensor([2], [Float(100.2), 0]), expected, ["--rtol", "0.01"]).status == 0)
    #expect(try run(try Tensor([2], [Float(100), 0.01]), expected).status == 1)
    #expect(try run(try Tensor([2], [Float(100), 0.01]), expected, ["--atol=0.02"]).status == 0)
  }

  /// Without --atol, an element near 0 may be off by a share of the output's root mean square.
  @Test func theDefaultScalesWithTheOutput() throws {
    let expected = try Tensor([4], [Float(300), -400, 0, 1e-3])  // root mean square 250
    #expect(try run(try Tensor([4], [Float(300), -400, 0.02, 0.01]), expected).status == 0)
    let wrong = try run(try Tensor([4], [Float(300), -400, 0.03, 1e-3]), expected)
    #expect(wrong.status == 1 && wrong.output.contains("allowed 0.025 + 0.001 of the expected"), "\(wrong.output)")
    #expect(try run(try Tensor([4], [Float(300), -400, 0.02, 1e-3]), expected, ["--rtol", "1e-4"]).status == 1)
    // Neither infinities nor the size of the numbers spoil it.
    let odd = try Tensor([3], [Float.infinity, 3e38, 0])
    #expect(try run(odd, odd).status == 0)
    #expect(try run(try Tensor([2], [Float(1e-8), 0]), try Tensor([2], [Float(0), 0])).status == 0)
    #expect(try run(try Tensor([2], [Float(1e-6), 0]), try Tensor([2], [Float(0), 0])).status == 1)
  }

  @Test func theMismatchIsNamed() throws {
    let output = try run(try Tensor([1, 2], [Float(1), 2]), try Tensor([1, 2], [Float(1), 4])).output
    #expect(output.contains("largest error 2 absolute, 0.5 relative"))
    #expect(output.contains("1 of 2 elements differ, the first at [0, 1]: 2 instead of 4"))
  }

  @Test func whatIsNotFiniteMustBeTheSame() throws {
    let odd = try Tensor([3], [Float.nan, .infinity, -.infinity])
    #expect(try run(odd, odd).status == 0)
    #expect(try run(try Tensor([3], [Float.nan, .infinity, .infinity]), odd).status == 1)
    #expect(try run(try Tensor([3], [Float(0), .infinity, -.infinity]), odd, ["--atol", "1e9"]).status == 1)
    #expect(try run(odd, try Tensor([3], [Float(0), .infinity, -.infinity]), ["--atol", "1e9"]).status == 1)
  }

  @Test func wholeNumbersAreExact() throws {
    let run = try run(try Tensor([2], [Int64.max, 1]), try Tensor([2], [Int64.min, 1]), ["--atol", "1e9"])
    #expect(run.status == 1)
    #expect(run.output.contains("largest error 18446744073709551615"))
  }

  @Test func typeAndShapeMustMatch() throws {
    #expect(try run(try Tensor([2], [Float(1), 2]), try Tensor([1, 2], [Float(1), 2])).status == 1)
    #expect(try run(try Tensor([2], [Float(1), 2]), try Tensor([2], [Double(1), 2])).status == 1)
  }

  @Test func foldersOfSetsAreRunAll() throws {
    _ = try run(try Tensor([1], [Float(1)]), try Tensor([1], [Float(1)]))
    for index in 0..<3 {
      let data = try folder.folder("sets/test_data_set_\(index)")
      try ONNXFile.writeTensor(try Tensor([1], [Float(1)]), name: "x", to: data + "/input_0.pb")
      try ONNXFile.writeTensor(try Tensor([1], [Float(index)]), name: "y", to: data + "/output_0.pb")
    }
    let all = try ProgramRun("giemsa-field", ["verify", folder.path("m.onnx"), folder.path("sets")])
    #expect(all.status == 1)
    #expect(all.output.contains("1 case agrees, 2 do not"))
  }

  /// Named as by `giemsa export --cases`.
  @Test func aFolderOfCasesIsTaken() throws {
    _ = try run(try Tensor([1], [Float(1)]), try Tensor([1], [Float(1)]))
    for index in 0..<11 {
      let data = try folder.folder("m-cases/case_\(index)")
      try ONNXFile.writeTensor(try Tensor([1], [Float(1)]), name: "x", to: data + "/input_0.pb")
      try ONNXFile.writeTensor(try Tensor([1], [Float(1)]), name: "y", to: data + "/output_0.pb")
    }
    try folder.write([1], to: "m-cases/notes.txt")
    _ = try folder.folder("m-cases/other")
    let all = try ProgramRun("giemsa-field", ["verify", folder.path("m.onnx"), folder.path("m-cases")])
    #expect(all.status == 0, "\(all.error)")
    #expect(all.output.contains("11 cases agree, 0 do not"))
    // A folder without cases is an error, as is an incomplete case.
    let none = try ProgramRun("giemsa-field", ["verify", folder.path("m.onnx"), folder.path("m-cases/other")])
    #expect(none.status == 1 && none.errorLines.count == 1 && none.error.contains("input_0.pb"), "\(none.error)")
  }
}
