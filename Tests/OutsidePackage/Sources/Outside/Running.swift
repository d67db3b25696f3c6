import Giemsa

/// Numbers to run `cells.onnx` on.
let pixels: [Float] = (0..<192).map { Float($0 % 7) * 0.1 }

func runFiveLines(_ path: String) throws {
  // snippet: five-lines
  let model = try Model(contentsOf: path)
  let input = try Tensor([1, 3, 8, 8], pixels)
  let scores = try model.run([input])[0].array(of: Float.self)
  // end
  show("run", scores)
}

func runByName(_ path: String) throws {
  // snippet: by-name
  let session = try Model(contentsOf: path).makeSession()
  let results = try session.run([
    "a": Tensor([1, 4], [1, 2, 3, 4] as [Float]),
    "b": Tensor([1, 4], [5, 6, 7, 8] as [Float]),
  ])
  let sum = results["sum"]?.array(of: Float.self)
  // end
  show("by name", sum ?? [])
}

func runOnOwnMemory(_ path: String) throws {
  // snippet: own-memory
  let session = try Model(contentsOf: path).makeSession()
  var scores: [Float] = [0, 0]
  try pixels.withUnsafeBytes { input in
    try scores.withUnsafeMutableBytes { output in
      try session.run(inputs: [input], outputs: [output])
    }
  }
  // end
  show("own memory", scores)
}

func reshape(_ path: String) throws {
  // snippet: reshape
  let model = try Model(contentsOf: path)  // x: [N, 3, H, W]
  let session = try model.makeSession(inputShapes: [[1, 3, 8, 8]])
  try session.reshape(to: [[2, 3, 16, 12]])
  let scores = try session.run([Tensor(zeros: [2, 3, 16, 12])])
  // end
  print("reshape:", session.inputShapes[0], scores[0].shape)
}

func openFromMemory(_ path: String) throws {
  let bytes = try readAll(path)
  // snippet: from-memory
  let model = try Model(bytes)
  for input in model.inputs { print(input.name, input.type.name, input.dimensions.map { $0.text }) }
  // end
}

func choose(_ path: String) throws {
  // snippet: options
  var options = Model.Options()
  options.threads = 2
  options.memory = .small
  options.batch = 4
  options.limits.memoryBytes = 64 << 20
  let session = try Model(contentsOf: path, options: options).makeSession()
  // end
  print("options:", session.threads, session.inputShapes[0])
}

func explain(_ path: String) {
  // snippet: errors
  do {
    _ = try Model(contentsOf: path)
  } catch {
    // A GraphError: a stable code, and one line for a person.
    print(error.code.text, error.message)
  }
  // end
}

func validate(_ path: String) {
  // snippet: validate
  for finding in Validator.findings(path: path) { print(finding.text) }
  // end
}
