import Giemsa
import Testing

@Suite struct PictureClassifierTests {
  /// Pillow's resampling and onnxruntime.
  private let expected = [0.49387857, 0.50612146]

  private func isExpected(_ answer: Classification) -> Bool {
    zip(answer.probabilities, expected).allSatisfy { ($0 - $1).magnitude < 2e-3 } && answer.className == "Uninfected"
      && answer.classIndex == 1 && answer.probability == answer.probabilities[1]
  }

  @Test func `a picture is prepared as the file says`() throws {
    let classifier = try PictureClassifier(contentsOf: Fixture.cells)
    #expect(classifier.classes == ["Parasitized", "Uninfected"] && classifier.batch == 1)
    #expect(isExpected(try classifier.classify(contentsOf: Fixture.picture)))
    #expect(isExpected(try classifier.classify(try Picture(contentsOf: Fixture.picture))))
  }

  @Test func `a model that is open already gets classifiers for more threads`() throws {
    let model = try Model(contentsOf: Fixture.cells)
    for _ in 0..<2 { #expect(isExpected(try PictureClassifier(model).classify(contentsOf: Fixture.picture))) }
  }

  @Test func `several pictures at once`() throws {
    var options = Model.Options()
    options.batch = 3
    let classifier = try PictureClassifier(contentsOf: Fixture.cells, options: options)
    let picture = try classifier.preprocessing.tensor([try Picture(contentsOf: Fixture.picture)])
    let answers = try classifier.probabilities([picture, picture])
    #expect(answers.count == 2 && answers[0] == answers[1])
    #expect(
      code { () throws(GraphError) in _ = try classifier.probabilities([picture, picture, picture, picture]) }
        == .badInput)
    let odd = try Tensor(zeros: [1, 3, 9, 9])
    #expect(code { () throws(GraphError) in _ = try classifier.probabilities([odd]) } == .badInput)
  }

  @Test func `pixels with rows that are longer than they need be`() throws {
    let picture = try Picture(contentsOf: Fixture.picture)
    let stride = picture.width * 3 + 5
    var rows = [UInt8](repeating: 77, count: stride * picture.height)
    for y in 0..<picture.height {
      for x in 0..<(picture.width * 3) { rows[y * stride + x] = picture.pixels[y * picture.width * 3 + x] }
    }
    try rows.withUnsafeBufferPointer { rows in
      let pixels = try #require(rows.baseAddress)
      let copy = try Picture(copying: pixels, width: picture.width, height: picture.height, rowBytes: stride)
      #expect(copy == picture)
      for (width, height, stride) in [(0, 4, 9), (4, -1, 12), (4, 4, 11), (20_000, 1, 60_000), (3, 3, Int.max)] {
        #expect(throws: ImagingError.self) {
          try Picture(copying: pixels, width: width, height: height, rowBytes: stride)
        }
      }
    }
  }

  @Test func `a description completes a file and must not contradict it`() throws {
    #expect(
      message { () throws(GraphError) in _ = try PictureClassifier(contentsOf: Fixture.open) }.contains("size"))
    var description = PictureClassifier.Description()
    description.size = (8, 8)
    #expect(
      message { () throws(GraphError) in
        _ = try PictureClassifier(contentsOf: Fixture.open, description: description)
      }.contains("mean and std"))
    (description.mean, description.std) = ([0.5, 0.5, 0.5], [0.25, 0.25, 0.25])
    let classifier = try PictureClassifier(contentsOf: Fixture.open, description: description)
    #expect(classifier.classes == ["0", "1"])
    #expect(try classifier.classify(contentsOf: Fixture.picture).classIndex == 1)

    description.size = (16, 16)
    #expect(
      message { () throws(GraphError) in
        _ = try PictureClassifier(contentsOf: Fixture.cells, description: description)
      }.hasPrefix("size contradicts"))
    description.size = nil
    description.std = [0.25, 0, 0.25]
    #expect(
      message { () throws(GraphError) in
        _ = try PictureClassifier(contentsOf: Fixture.cells, description: description)
      }.hasPrefix("std must be"))
  }

  @Test func `what cannot be read is an error about the picture`() throws {
    let classifier = try PictureClassifier(contentsOf: Fixture.cells)
    do {
      _ = try classifier.classify(contentsOf: Fixture.cells)
      Issue.record("a model is no picture")
    } catch {
      if case .picture = error {} else { Issue.record("\(error)") }
      #expect(error.description.contains("not a picture"))
    }
    #expect(throws: GraphError.self) { try PictureClassifier(contentsOf: Fixture.twoInputs) }
  }
}
