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
    "conv", "conv strided", "conv dilated", "conv grouped", "conv 1-D", "conv transposed", "conv transposed grouped",
    "batch norm", "batch norm training", "layer norm", "layer norm spread", "rms norm", "instance norm", "group norm",
    "group norm of groups", "mean variance norm", "lp norm 1", "lp norm 2", "relu", "leaky", "elu", "clip", "sigmoid",
    "hard sigmoid", "hard swish", "abs", "neg", "exp", "log", "sqrt", "reciprocal", "erf", "sin", "cos", "tan", "asin",
    "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "softplus", "softsign", "selu", "celu",
    "thresholded", "shrink", "mish", "swish", "gelu", "gelu tanh", "microsoft gelu", "quick gelu", "fast gelu",
    "fast gelu alone", "bias gelu", "cast", "cast like", "max pool", "average pool", "average pool padded",
    "global average", "global max", "mean", "reduce max", "reduce min", "reduce sum", "reduce L1", "reduce L2",
    "reduce squares", "reduce product", "reduce log sum", "reduce log sum exp", "cumulative", "dropout", "add", "sub",
    "mul", "div", "pow", "pow constant", "prelu", "sum", "mean of inputs", "max", "min", "concat", "flatten", "reshape",
    "squeeze", "unsqueeze", "transpose", "pad", "pad reflect", "slice", "gather", "gather elements", "gather nd",
    "identity", "split", "expand", "tile", "depth to space", "space to depth", "trilu", "crop", "resize nearest",
    "resize linear", "resize cubic", "resize antialiased", "resize crop", "gemm", "gemm of transposed", "matmul",
    "vector matmul", "softmax", "log softmax",
  ]

  /// The operator, its inputs, and the number of leading inputs with gradients.
  private static func build(_ name: String) throws -> (Operator, [Tensor?], Int)? {
    func x(_ shape: Shape, _ seed: UInt64 = 1) throws -> Tensor { try Tensor.noise(shape, seed: seed, type: .float64) }
    func ints(_ values: [Int64]) throws -> Tensor { try Tensor([values.count], values) }
    func positive(_ shape: Shape) throws -> Tensor { try Tensor(shape, try x(shape, 5).doubles.map { $0 / 2 + 1 }) }
    /// Away from 0, where some functions have a corner.
    func wide(_ shape: Shape) throws -> Tensor {
      try Tensor(shape, try x(shape, 6).doubles.map { $0 * 3 + ($0 < 0 ? -0.01 : 0.01) })
    }
    func kept(_ shape: Shape = [2, 3, 4]) throws -> [Tensor?] { [try x(shape), try ints([0, -1])] }
    func reals(_ values: [Float]) throws -> Tensor { try Tensor([values.count], values) }
    let gone = Reduction(keepsAxes: false)
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
    case "gemm of transposed": (.gemm(Gemm(transB: true)), [try x([4, 2]), try x([3, 2], 2)], 2)
    case "vector matmul": (.matMul(MatMul()), [try x([3]), try x([2, 3, 4], 2)], 2)
    case "matmul": (.matMul(MatMul()), [try x([2, 1, 3, 2]), try x([2, 2, 4], 2)], 2)
    case "softmax": (.softmax(Softmax(SoftmaxAxis(1))), [try x([2, 4, 2])], 1)
    case "log softmax": (.logSoftmax(LogSoftmax()), [try x([3, 4])], 1)
    case "abs": (.abs(Abs()), [try wide([3, 4])], 1)
    case "neg": (.neg(Neg()), [try wide([3, 4])], 1)
    case "exp": (.exp(Exp()), [try wide([3, 4])], 1)
    case "reciprocal": (.reciprocal(Reciprocal()), [try positive([3, 4])], 1)
    case "erf": (.erf(Erf()), [try wide([3, 4])], 1)
    case "sin": (.sin(Sin()), [try wide([3, 4])], 1)
    case "cos": (.cos(Cos()), [try wide([3, 4])], 1)
    case "atan": (.atan(Atan()), [try wide([3, 4])], 1)
    case "sinh": (.sinh(Sinh()), [try wide([3, 4])], 1)
    case "cosh": (.cosh(Cosh()), [try wide([3, 4])], 1)
    case "tanh": (.tanh(Tanh()), [try wide([3, 4])], 1)
    case "asinh": (.asinh(Asinh()), [try wide([3, 4])], 1)
    case "softplus": (.softplus(Softplus()), [try wide([3, 4])], 1)
    case "softsign": (.softsign(Softsign()), [try wide([3, 4])], 1)
    case "selu": (.selu(Selu()), [try wide([3, 4])], 1)
    case "celu": (.celu(Celu(alpha: 0.7)), [try wide([3, 4])], 1)
    case "thresholded": (.thresholdedRelu(ThresholdedRelu(alpha: 0.6)), [try wide([3, 4])], 1)
    case "shrink": (.shrink(Shrink(bias: 0.2, lambd: 0.9)), [try wide([3, 4])], 1)
    case "mish": (.mish(Mish()), [try wide([3, 4])], 1)
    case "swish": (.swish(Swish(alpha: 1.3)), [try wide([3, 4])], 1)
    case "gelu": (.gelu(Gelu()), [try wide([3, 4])], 1)
    case "gelu tanh": (.gelu(Gelu(isApproximate: true)), [try wide([3, 4])], 1)
    case "microsoft gelu": (.microsoftGelu(MicrosoftGelu()), [try wide([3, 4])], 1)
    case "quick gelu": (.quickGelu(QuickGelu()), [try wide([3, 4])], 1)
    case "fast gelu alone": (.fastGelu(FastGelu()), [try wide([3, 4])], 1)
    case "cast": (.cast(Cast(to: .float64)), [try wide([3, 4])], 1)
    case "log": (.log(Log()), [try positive([3, 4])], 1)
    case "sqrt": (.sqrt(Sqrt()), [try positive([3, 4])], 1)
    case "tan": (.tan(Tan()), [try Tensor([3, 4], try x([3, 4]).doubles.map { $0 * 0.9 })], 1)
    case "asin": (.asin(Asin()), [try Tensor([3, 4], try x([3, 4]).doubles.map { $0 * 0.9 })], 1)
    case "acos": (.acos(Acos()), [try Tensor([3, 4], try x([3, 4]).doubles.map { $0 * 0.9 })], 1)
    case "atanh": (.atanh(Atanh()), [try Tensor([3, 4], try x([3, 4]).doubles.map { $0 * 0.9 })], 1)
    case "acosh": (.acosh(Acosh()), [try Tensor([3, 4], try positive([3, 4]).doubles.map { $0 + 1 })], 1)
    case "fast gelu": (.fastGelu(FastGelu()), [try x([3, 4]), try x([4], 2)], 2)
    case "bias gelu": (.biasGelu(BiasGelu()), [try x([3, 4]), try x([4], 2)], 2)
    case "cast like": (.castLike(CastLike()), [try x([3]), try x([1])], 1)
    case "conv transposed":
      (
        .convTranspose(ConvTranspose(Window(strides: [2, 1], pads: [1, 0, 0, 1]), outputPadding: [1, 0])),
        [try x([2, 2, 3, 4]), try x([2, 3, 3, 2], 2), try x([3], 3)], 3
      )
    case "conv transposed grouped":
      (
        .convTranspose(ConvTranspose(Window(strides: [2], dilations: [2]), group: 2)),
        [try x([2, 4, 3]), try x([4, 3, 2], 2), try x([6], 3)], 3
      )
    case "layer norm":
      (.layerNormalization(LayerNormalization()), [try x([2, 3, 4]), try x([4], 2), try x([4], 3)], 3)
    case "layer norm spread":
      (
        .layerNormalization(LayerNormalization(axis: 1, epsilon: 0.1)),
        [try x([2, 3, 4]), try x([3, 1], 2), try x([1, 4], 3)], 3
      )
    case "rms norm": (.rmsNormalization(RMSNormalization()), [try x([2, 3, 4]), try x([4], 2)], 2)
    case "instance norm":
      (.instanceNormalization(InstanceNormalization()), [try x([2, 3, 2, 3]), try x([3], 2), try x([3], 3)], 3)
    case "group norm":
      (.groupNormalization(GroupNormalization(groups: 2)), [try x([2, 4, 3]), try x([4], 2), try x([4], 3)], 3)
    case "group norm of groups":
      (
        .groupNormalization(GroupNormalization(groups: 2, scalesGroups: true)),
        [try x([2, 4, 3]), try x([2], 2), try x([2], 3)], 3
      )
    case "mean variance norm": (.meanVarianceNormalization(MeanVarianceNormalization()), [try x([2, 3, 2, 2])], 1)
    case "lp norm 1": (.lpNormalization(LpNormalization(axis: 1, p: 1)), [try wide([2, 3, 2])], 1)
    case "lp norm 2": (.lpNormalization(LpNormalization(axis: 1)), [try wide([2, 3, 2])], 1)
    case "reduce min": (.reduceMin(ReduceMin()), try kept(), 1)
    case "reduce sum": (.reduceSum(ReduceSum(gone)), try kept(), 1)
    case "reduce L1": (.reduceL1(ReduceL1()), [try wide([2, 3, 4]), try ints([1])], 1)
    case "reduce L2": (.reduceL2(ReduceL2(gone)), try kept(), 1)
    case "reduce squares": (.reduceSumSquare(ReduceSumSquare()), [try x([2, 3])], 1)
    case "reduce product": (.reduceProd(ReduceProd()), [try Tensor([2, 3], [0, 0.5, -2, 3, 0, 0]), try ints([1])], 1)
    case "reduce log sum": (.reduceLogSum(ReduceLogSum()), [try positive([2, 3, 4]), try ints([2])], 1)
    case "reduce log sum exp": (.reduceLogSumExp(ReduceLogSumExp(gone)), try kept(), 1)
    case "cumulative":
      (
        .cumSum(CumSum(CumulativeDirection(isExclusive: true))), [try x([2, 4, 3]), try Tensor(scalar: Int64(1))], 1
      )
    case "pow": (.pow(Pow()), [try positive([2, 3]), try x([3], 2)], 2)
    case "pow constant": (.pow(Pow()), [try x([2, 3]), try Tensor(scalar: Int64(3))], 1)
    case "prelu": (.pRelu(PRelu()), [try wide([2, 3, 2]), try x([3, 1], 2)], 2)
    case "sum": (.sum(Sum()), [try x([2, 3]), try x([3], 2), try x([2, 1], 3)], 3)
    case "mean of inputs": (.mean(Mean()), [try x([2, 3]), try x([3], 2), try x([2, 1], 3)], 3)
    case "max": (.max(Max()), [try x([2, 3]), try x([3], 2), try x([2, 1], 3)], 3)
    case "min": (.min(Min()), [try x([2, 3]), try x([3], 2), try x([2, 1], 3)], 3)
    case "gather elements":
      (
        .gatherElements(GatherElements(axis: 1)), [try x([2, 3]), try Tensor([2, 2], [Int64(0), 0, -1, 1])], 1
      )
    case "gather nd": (.gatherND(GatherND()), [try x([3, 2, 2]), try Tensor([2, 2], [Int64(2), 0, -1, 0])], 1)
    case "split": (.split(SplitOperator(axis: 1)), [try x([2, 5]), try ints([2, 3])], 1)
    case "expand": (.expand(Expand()), [try x([2, 1, 3]), try ints([4, 1, 2, 1])], 1)
    case "tile": (.tile(Tile()), [try x([2, 3]), try ints([2, 3])], 1)
    case "depth to space": (.depthToSpace(DepthToSpace(PixelBlock(size: 2))), [try x([2, 8, 2, 3])], 1)
    case "space to depth": (.spaceToDepth(SpaceToDepth(PixelBlock(size: 2))), [try x([1, 2, 4, 6])], 1)
    case "trilu": (.trilu(Trilu()), [try x([2, 3, 4]), try Tensor(scalar: Int64(1))], 1)
    case "crop": (.centerCropPad(CenterCropPad()), [try x([4, 3]), try ints([2, 6])], 1)
    case "resize nearest":
      (.resize(Resize()), [try x([1, 2, 3, 4]), nil, try reals([1, 1, 2, 0.5])], 1)
    case "resize linear":
      (.resize(Resize(mode: .linear)), [try x([1, 2, 3, 4]), nil, nil, try ints([1, 2, 5, 7])], 1)
    case "resize cubic":
      (.resize(Resize(mode: .cubic)), [try x([1, 1, 4, 4]), nil, nil, try ints([1, 1, 6, 3])], 1)
    case "resize antialiased":
      (
        .resize(Resize(mode: .linear, ResizeSampling(antialiases: true))),
        [try x([1, 1, 6, 5]), nil, try reals([1, 1, 0.5, 0.6])], 1
      )
    case "resize crop":
      (
        .resize(Resize(mode: .linear, ResizeSampling(coordinates: .cropAndResize, extrapolation: 2))),
        [try x([4, 5]), try reals([0.1, 0.3, 0.8, 1.4]), nil, try ints([3, 6])], 1
      )
    default: nil
    }
  }

  /// The condition gets no gradient; each of the two others gets that of its own elements.
  @Test func whereSendsEachSlopeToTheInputThatWasTaken() throws {
    let inputs = [
      try Tensor([2, 1], [true, false]), try Tensor([2], [1.0, 2]), try Tensor([2, 2], [3.0, 4, 5, 6]),
    ]
    let operation = Operator.whereCondition(Where())
    let gradients = try operation.gradients(
      inputs: inputs, output: try operation.evaluate(inputs)[0],
      outputGradient: try Tensor([2, 2], [1.0, 10, 100, 1000]))
    #expect(gradients[0] == nil)
    #expect(gradients[1]?.doubles == [1, 10])
    #expect(gradients[2]?.doubles == [0, 0, 100, 1000])
  }

  @Test func noGradientFlowsThroughIntegers() throws {
    let x = try Tensor([2], [1.0, 2])
    let whole = Operator.cast(Cast(to: .int64))
    #expect(try whole.gradients(inputs: [x], output: try whole.evaluate([x])[0], outputGradient: x)[0] == nil)
    let exponent = try Tensor([2], [Int32(2), 3])
    let power = try Operator.pow(Pow()).gradients(inputs: [x, exponent], output: x, outputGradient: x)
    #expect(power[0]?.doubles == [2, 24])
    #expect(power[1] == nil)
  }

  /// Two equals share the slope; of nothing but zeros, a norm has slope 0 and not a NaN.
  @Test func cornersAreFinite() throws {
    let same = try Tensor([1], [3.0])
    let one = try Tensor([1], [1.0])
    let shared = try Operator.max(Max()).gradients(inputs: [same, same], output: same, outputGradient: one)
    #expect(shared.map { $0?.doubles } == [[0.5], [0.5]])
    let zeros = try Tensor([1, 2], [0.0, 0])
    for operation in [Operator.reduceL2(ReduceL2()), .lpNormalization(LpNormalization()), .abs(Abs())] {
      let output = try operation.evaluate([zeros])[0]
      let slope = try Tensor(output.shape, [Double](repeating: 1, count: output.count))
      let gradient = try operation.gradients(inputs: [zeros], output: output, outputGradient: slope)[0]
      #expect(gradient?.doubles == [0, 0], "\(operation.name)")
    }
    let ends = try Tensor([4], [-800.0, -40, 40, 800])
    for operation in [
      Operator.gelu(Gelu()), .gelu(Gelu(isApproximate: true)), .mish(Mish()), .swish(Swish()), .softplus(Softplus()),
    ] {
      let slopes = try operation.gradients(
        inputs: [ends], output: ends, outputGradient: try Tensor([4], [1.0, 1, 1, 1]))
      let wanted = [0.0, 0, 1, 1]
      for (found, wanted) in zip(try #require(slopes[0]).doubles, wanted) {
        #expect(abs(found - wanted) < 1e-12, "\(operation.name)")
      }
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
