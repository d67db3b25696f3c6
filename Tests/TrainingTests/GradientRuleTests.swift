import Foundation
import ModelGraph
import ONNXFormat
import TestSupport
import Testing
import Training

/// Every gradient rule against central differences of the operator's own definition, in double precision.
@Suite struct GradientRuleTests {
  @Test(arguments: GradientRuleTests.cases) func agreesWithFiniteDifferences(_ name: String) throws {
    let (operation, inputs, moved) = try #require(try Self.build(name))
    let output = try operation.evaluate(inputs)[0]
    let slope = try Tensor.noise(output.shape, seed: 99, type: .float64)
    let gradients = try operation.gradients(inputs: inputs, output: output, outputGradient: slope)
    func loss(_ inputs: [Tensor?]) throws -> Double {
      zip(try operation.evaluate(inputs)[0].doubles, slope.doubles).reduce(0) { $0 + $1.0 * $1.1 }
    }
    for index in 0..<moved {
      let gradient = try #require(gradients[index]).doubles
      let x = try #require(inputs[index])
      for element in 0..<x.count {
        var probes: [Double] = []
        for step in [-1e-5, 1e-5] {
          var numbers = x.doubles
          numbers[element] += step
          var moved = inputs
          moved[index] = try Tensor(x.shape, numbers)
          probes.append(try loss(moved))
        }
        let difference = (probes[1] - probes[0]) / 2e-5
        #expect(abs(difference - gradient[element]) < 1e-6, "\(name) input \(index) element \(element)")
      }
    }
  }

  static let cases = [
    "conv", "conv strided", "conv dilated", "conv grouped", "conv 1-D", "batch norm", "batch norm training", "relu",
    "leaky", "elu", "clip", "sigmoid", "hard sigmoid", "hard swish", "max pool", "average pool", "average pool padded",
    "global average", "global max", "mean", "reduce max", "dropout", "add", "sub", "mul", "div", "concat", "flatten",
    "reshape", "squeeze",
    "unsqueeze", "transpose", "pad", "pad reflect", "slice", "gather", "identity", "gemm", "matmul", "softmax",
    "log softmax",
  ]

  /// The operator, its inputs, and the number of leading inputs with gradients.
  private static func build(_ name: String) throws -> (Operator, [Tensor?], Int)? {
    func x(_ shape: Shape, _ seed: UInt64 = 1) throws -> Tensor { try Tensor.noise(shape, seed: seed, type: .float64) }
    func ints(_ values: [Int64]) throws -> Tensor { try Tensor([values.count], values) }
    func positive(_ shape: Shape) throws -> Tensor { try Tensor(shape, try x(shape, 5).doubles.map { $0 / 2 + 1 }) }
    let square = Window(kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1])
    return switch name {
    case "conv":
      (.conv(Conv(Window(pads: [1, 1, 1, 1]))), [try x([2, 3, 4, 5]), try x([2, 3, 3, 3], 2), try x([2], 3)], 3)
    case "conv strided": (.conv(Conv(Window(strides: [2, 3]))), [try x([1, 2, 7, 8]), try x([3, 2, 2, 3], 2)], 2)
    case "conv dilated":
      (
        .conv(Conv(Window(pads: [2, 1, 0, 2], dilations: [2, 2]))), [try x([1, 2, 6, 5]), try x([2, 2, 3, 2], 2)], 2
      )
    case "conv grouped":
      (.conv(Conv(Window(pads: [1, 1, 1, 1]), group: 2)), [try x([1, 4, 3, 3]), try x([6, 2, 3, 3], 2)], 2)
    case "conv 1-D": (.conv(Conv(Window(strides: [2], pads: [1, 1]))), [try x([2, 2, 7]), try x([3, 2, 3], 2)], 2)
    case "batch norm":
      (
        .batchNormalization(BatchNormalization()),
        [try x([2, 3, 2, 2]), try x([3], 2), try x([3], 3), try x([3], 4), try positive([3])], 3
      )
    case "batch norm training":
      (
        .batchNormalization(BatchNormalization(trainingMode: true)),
        [try x([3, 2, 2, 2]), try x([2], 2), try x([2], 3), try x([2], 4), try positive([2])], 3
      )
    case "relu": (.relu(Relu()), [try x([4, 5])], 1)
    case "leaky": (.leakyRelu(LeakyRelu(alpha: 0.1)), [try x([4, 5])], 1)
    case "elu": (.elu(Elu(alpha: 0.7)), [try x([4, 5])], 1)
    case "clip": (.clip(Clip()), [try x([4, 5]), try Tensor(scalar: -0.4), try Tensor(scalar: 0.5)], 1)
    case "sigmoid": (.sigmoid(Sigmoid()), [try x([4, 5])], 1)
    case "hard sigmoid": (.hardSigmoid(HardSigmoid(alpha: 0.8, beta: 0.5)), [try x([4, 5])], 1)
    case "hard swish": (.hardSwish(HardSwish()), [try Tensor([4, 5], try x([4, 5]).doubles.map { $0 * 5 })], 1)
    case "max pool": (.maxPool(MaxPool(square)), [try x([2, 2, 5, 6])], 1)
    case "average pool": (.averagePool(AveragePool(square)), [try x([1, 2, 5, 6])], 1)
    case "average pool padded": (.averagePool(AveragePool(square, countsPadding: true)), [try x([1, 2, 5, 6])], 1)
    case "global average": (.globalAveragePool(GlobalAveragePool()), [try x([2, 3, 3, 2])], 1)
    case "global max": (.globalMaxPool(GlobalMaxPool()), [try x([2, 3, 3, 2])], 1)
    case "mean": (.reduceMean(ReduceMean()), [try x([2, 3, 4]), try ints([0, 2])], 1)
    case "reduce max": (.reduceMax(ReduceMax()), [try x([2, 3, 4]), try ints([0, 2])], 1)
    case "dropout": (.dropout(Dropout()), [try x([2, 3]), try Tensor(scalar: 0.5)], 1)
    case "add": (.add(Add()), [try x([2, 1, 3]), try x([4, 1], 2)], 2)
    case "sub": (.sub(Sub()), [try x([3]), try x([2, 4, 1], 2)], 2)
    case "mul": (.mul(Mul()), [try x([2, 3, 2, 2]), try x([2, 3, 1, 1], 2)], 2)
    case "div": (.div(Div()), [try x([2, 3]), try positive([2, 1])], 2)
    case "concat": (.concat(Concat(axis: -1)), [try x([2, 3]), try x([2, 1], 2), try x([2, 2], 3)], 3)
    case "flatten": (.flatten(Flatten(axis: 2)), [try x([2, 3, 2])], 1)
    case "reshape": (.reshape(Reshape()), [try x([2, 6]), try ints([3, -1])], 1)
    case "squeeze": (.squeeze(Squeeze()), [try x([2, 1, 3]), try ints([1])], 1)
    case "unsqueeze": (.unsqueeze(Unsqueeze()), [try x([2, 3]), try ints([0])], 1)
    case "transpose": (.transpose(Transpose(perm: [1, 2, 0])), [try x([2, 3, 4])], 1)
    case "pad": (.pad(Pad()), [try x([2, 3]), try ints([1, -1, 0, 2]), try Tensor(scalar: 0.5)], 1)
    case "pad reflect": (.pad(Pad(mode: .reflect)), [try x([2, 4]), try ints([0, 2, 0, 1])], 1)
    case "slice": (.slice(Slice()), [try x([4, 5]), try ints([1]), try ints([4]), try ints([0]), try ints([2])], 1)
    case "gather": (.gather(Gather(axis: 1)), [try x([2, 4]), try ints([3, 0, 3])], 1)
    case "identity": (.identity(Identity()), [try x([3])], 1)
    case "gemm":
      (.gemm(Gemm(alpha: 0.5, beta: 2, transA: true)), [try x([4, 2]), try x([4, 3], 2), try x([1, 3], 3)], 3)
    case "matmul": (.matMul(MatMul()), [try x([2, 1, 3, 2]), try x([2, 2, 4], 2)], 2)
    case "softmax": (.softmax(Softmax(SoftmaxAxis(1))), [try x([2, 4, 2])], 1)
    case "log softmax": (.logSoftmax(LogSoftmax()), [try x([3, 4])], 1)
    default: nil
    }
  }

  /// The same rules against PyTorch's gradients.
  @Test(arguments: Golden.cases) func agreesWithPyTorch(_ name: String) throws {
    let folder = "\(Golden.folder)/\(name)"
    let graph = try ONNXFile.read("\(folder)/model.onnx")
    var node = try #require(graph.nodes.first)
    if case .batchNormalization(var definition) = node.operation, name != "batch_normalization_evaluation" {
      definition.trainingMode = true
      node.operation = .batchNormalization(definition)
    }
    let slope = try ONNXFile.readTensor("\(folder)/slope.pb").tensor
    let expected = try ONNXFile.readTensor("\(folder)/output_0.pb").tensor
    var inputs: [Tensor?] = []
    for value in node.inputs {
      guard let value else {
        inputs.append(nil)
        continue
      }
      if let position = graph.inputs.firstIndex(of: value) {
        inputs.append(try ONNXFile.readTensor("\(folder)/input_\(position).pb").tensor)
      } else {
        inputs.append(graph.values[value].constant)
      }
    }
    let output = try node.operation.evaluate(inputs)[0]
    #expect(distance(output, expected) < 1e-5)
    let gradients = try node.operation.gradients(inputs: inputs, output: output, outputGradient: slope)
    for index in inputs.indices {
      let path = "\(folder)/gradient_\(index).pb"
      guard FileManager.default.fileExists(atPath: path) else { continue }
      let golden = try ONNXFile.readTensor(path).tensor
      #expect(distance(try #require(gradients[index]), golden) < 1e-5, "\(name) input \(index)")
    }
  }

  @Test func goldenCasesAreThere() { #expect(Golden.cases.count >= 40) }

  /// What ModelGraph says of an operator, and whether there is a rule for it here.
  @Test func rulesAreWhereOperatorsSayTheyAre() throws {
    for operation in try Operator.every() {
      #expect(operation.hasGradientRule == operation.differentiability.isPossible, "\(operation.name)")
    }
  }

  @Test func operatorWithoutRuleSaysSo() throws {
    let x = try Tensor([2], [Float(1), 2])
    #expect(throws: GraphError.self) {
      _ = try Operator.shape(ShapeOperator()).gradients(inputs: [x], output: x, outputGradient: x)
    }
  }
}
