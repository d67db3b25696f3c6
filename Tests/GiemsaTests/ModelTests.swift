import Foundation
import Giemsa
import Testing

@Suite struct ModelTests {
  @Test func `a model tells its inputs, outputs and metadata`() throws {
    let model = try Model(contentsOf: Fixture.cells)
    #expect(model.inputs.map { $0.name } == ["x"] && model.outputs.map { $0.name } == ["y"])
    #expect(model.inputs[0].type == .float32)
    #expect(model.inputs[0].dimensions == [.symbol("N"), .fixed(3), .fixed(8), .fixed(8)])
    #expect(model.outputs[0].dimensions == [.symbol("N"), .fixed(2)])
    #expect(model.metadata.contains { $0.key == "giemsa.input_size" && $0.value == "[8, 8]" })
  }

  @Test func `a model runs as onnxruntime does, from its file and from memory`() throws {
    let input = try Tensor([1, 3, 8, 8], Fixture.pixels)
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: Fixture.cells)))
    for model in [try Model(contentsOf: Fixture.cells), try Model(bytes)] {
      #expect(near(try model.run([input])[0].array(of: Float.self), Fixture.scores))
      // A second plan is made from the bytes that the model kept.
      let sessions = [try model.makeSession(), try model.makeSession()]
      for session in sessions { #expect(near(try session.run([input])[0].array(of: Float.self), Fixture.scores)) }
    }
  }

  @Test func `a file that is replaced is still the file that was opened`() throws {
    let copy = FileManager.default.temporaryDirectory.appending(path: "giemsa-\(UUID().uuidString).onnx")
    try FileManager.default.copyItem(at: URL(filePath: Fixture.cells), to: copy)
    let model = try Model(contentsOf: copy.path)
    _ = try model.makeSession()
    try FileManager.default.removeItem(at: copy)
    let scores = try model.makeSession(inputShapes: [[2, 3, 8, 8]])
      .run([try Tensor([2, 3, 8, 8], Fixture.pixels + Fixture.pixels)])
    #expect(near(scores[0].array(of: Float.self), Fixture.scores + Fixture.scores))
  }

  @Test func `a file that is written to is refused from then on`() throws {
    let copy = FileManager.default.temporaryDirectory.appending(path: "giemsa-\(UUID().uuidString).onnx")
    try FileManager.default.copyItem(at: URL(filePath: Fixture.cells), to: copy)
    defer { try? FileManager.default.removeItem(at: copy) }
    let model = try Model(contentsOf: copy.path)
    let file = try FileHandle(forWritingTo: copy)
    try file.write(contentsOf: try Data(contentsOf: URL(filePath: Fixture.ports)))
    try file.close()
    // What was read already goes on.
    let input = try Tensor([1, 3, 8, 8], Fixture.pixels)
    #expect(near(try model.makeSession().run([input])[0].array(of: Float.self), Fixture.scores))
    let other = message { () throws(GraphError) in _ = try model.makeSession(inputShapes: [[2, 3, 8, 8]]) }
    #expect(other.contains("written to"))
    #expect(message { () throws(GraphError) in _ = try PictureClassifier(model) }.contains("written to"))
  }

  @Test func `a shape that is left open is asked for when it is needed`() throws {
    let model = try Model(contentsOf: Fixture.open)
    #expect(code { () throws(GraphError) in _ = try model.makeSession() } == .badInput)
    #expect(message { () throws(GraphError) in _ = try model.run([]) }.contains("'H'"))
    let session = try model.makeSession(inputShapes: [[1, 3, 8, 8]])
    #expect(session.outputShapes == [[1, 2]])
    var options = Model.Options()
    options.pictureSize = (12, 16)
    #expect(try Model(contentsOf: Fixture.open, options: options).makeSession().inputShapes == [[1, 3, 12, 16]])
  }

  @Test func `options out of range and shapes that do not fit are refused`() throws {
    var options = Model.Options()
    options.threads = 0
    #expect(code { () throws(GraphError) in _ = try Model(contentsOf: Fixture.cells, options: options) } == .badInput)
    options = Model.Options()
    options.batch = 5000
    #expect(code { () throws(GraphError) in _ = try Model(contentsOf: Fixture.cells, options: options) } == .badInput)
    let model = try Model(contentsOf: Fixture.cells)
    for shapes: [Shape] in [[], [[1, 3, 8]], [[1, 4, 8, 8]], [[-1, 3, 8, 8]], [[1, 3, 8, 8], [1]]] {
      #expect(code { () throws(GraphError) in _ = try model.makeSession(inputShapes: shapes) } == .badInput)
    }
  }

  @Test func `what is no model is refused with its code`() {
    #expect(code { () throws(GraphError) in _ = try Model(contentsOf: "/nowhere") } == .unreadable)
    #expect(code { () throws(GraphError) in _ = try Model([]) } == .empty)
    #expect(code { () throws(GraphError) in _ = try Model([1, 2, 3]) } == .notONNX)
    let path = Fixture.path("codes/E204-channels.onnx")
    #expect(code { () throws(GraphError) in _ = try Model(contentsOf: path) } == .shapeMismatch)
  }

  @Test func `threads with sessions of their own, and without, get the same answers`() throws {
    let model = try Model(contentsOf: Fixture.cells)
    DispatchQueue.concurrentPerform(iterations: 8) { index in
      do {
        let input = try Tensor([1, 3, 8, 8], Fixture.pixels)
        let session = index % 2 == 0 ? try model.makeSession() : nil
        for _ in 0..<20 {
          let scores = try session?.run([input]) ?? model.run([input])
          #expect(near(scores[0].array(of: Float.self), Fixture.scores))
        }
      } catch {
        Issue.record(error)
      }
    }
  }
}
