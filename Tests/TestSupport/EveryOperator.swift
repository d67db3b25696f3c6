import ModelGraph

extension Operator {
  /// One instance of every operator.
  public static func every() throws -> [Operator] {
    var all: [Operator] = [.conv(Conv())]
    while let next = try all.last?.next { all.append(next) }
    return all
  }

  /// Lists the operators; the compiler requires a line here for a new one.
  private var next: Operator? {
    get throws {
      switch self {
      case .conv: .convTranspose(ConvTranspose())
      case .convTranspose: .deformConv(DeformConv())
      case .deformConv: .batchNormalization(BatchNormalization())
      case .batchNormalization: .instanceNormalization(InstanceNormalization())
      case .instanceNormalization: .groupNormalization(GroupNormalization())
      case .groupNormalization: .layerNormalization(LayerNormalization())
      case .layerNormalization: .rmsNormalization(RMSNormalization())
      case .rmsNormalization: .lpNormalization(LpNormalization())
      case .lpNormalization: .meanVarianceNormalization(MeanVarianceNormalization())
      case .meanVarianceNormalization: .lrn(LRN(size: 5))
      case .lrn: .relu(Relu())
      case .relu: .leakyRelu(LeakyRelu())
      case .leakyRelu: .elu(Elu())
      case .elu: .clip(Clip())
      case .clip: .sigmoid(Sigmoid())
      case .sigmoid: .hardSigmoid(HardSigmoid())
      case .hardSigmoid: .hardSwish(HardSwish())
      case .hardSwish: .maxPool(MaxPool(Window(kernel: [2, 2])))
      case .maxPool: .maxUnpool(MaxUnpool(Window(kernel: [2, 2])))
      case .maxUnpool: .averagePool(AveragePool(Window(kernel: [2, 2])))
      case .averagePool: .globalAveragePool(GlobalAveragePool())
      case .globalAveragePool: .globalMaxPool(GlobalMaxPool())
      case .globalMaxPool: .lpPool(LpPool(Window(kernel: [2, 2])))
      case .lpPool: .globalLpPool(GlobalLpPool())
      case .globalLpPool: .reduceMean(ReduceMean())
      case .reduceMean: .reduceMax(ReduceMax())
      case .reduceMax: .add(Add())
      case .add: .sub(Sub())
      case .sub: .mul(Mul())
      case .mul: .div(Div())
      case .div: .concat(Concat(axis: 0))
      case .concat: .flatten(Flatten())
      case .flatten: .reshape(Reshape())
      case .reshape: .squeeze(Squeeze())
      case .squeeze: .unsqueeze(Unsqueeze())
      case .unsqueeze: .transpose(Transpose(perm: nil))
      case .transpose: .pad(Pad())
      case .pad: .gemm(Gemm())
      case .gemm: .matMul(MatMul())
      case .matMul: try .einsum(Einsum("ij,jk->ik"))
      case .einsum: .attention(Attention())
      case .attention: .rotaryEmbedding(RotaryEmbedding())
      case .rotaryEmbedding: .softmax(Softmax())
      case .softmax: .logSoftmax(LogSoftmax())
      case .logSoftmax: .identity(Identity())
      case .identity: .dropout(Dropout())
      case .dropout: try .constant(Constant(Tensor(zeros: [])))
      case .constant: .cast(Cast(to: .float32))
      case .cast: .shape(ShapeOperator())
      case .shape: .gather(Gather())
      case .gather: .slice(Slice())
      case .slice: .quantizeLinear(QuantizeLinear())
      case .quantizeLinear: .dequantizeLinear(DequantizeLinear())
      case .dequantizeLinear: .qLinearConv(QLinearConv())
      case .qLinearConv: .qLinearMatMul(QLinearMatMul())
      case .qLinearMatMul: .convInteger(ConvInteger())
      case .convInteger: .matMulInteger(MatMulInteger())
      case .matMulInteger: .dynamicQuantizeLinear(DynamicQuantizeLinear())
      case .dynamicQuantizeLinear: .fusedConv(FusedConv())
      case .fusedConv: .fusedGemm(FusedGemm())
      case .fusedGemm: .fusedMatMul(FusedMatMul())
      case .fusedMatMul: .dynamicQuantizeMatMul(DynamicQuantizeMatMul())
      case .dynamicQuantizeMatMul: .skipLayerNormalization(SkipLayerNormalization())
      case .skipLayerNormalization: .qLinearAdd(QLinearAdd())
      case .qLinearAdd: .qLinearMul(QLinearMul())
      case .qLinearMul: .qLinearConcat(QLinearConcat(axis: 0))
      case .qLinearConcat: .qLinearAveragePool(QLinearAveragePool(Window(kernel: [2, 2])))
      case .qLinearAveragePool: .qLinearGlobalAveragePool(QLinearGlobalAveragePool())
      case .qLinearGlobalAveragePool: .qLinearSigmoid(QLinearSigmoid())
      case .qLinearSigmoid: .qGemm(QGemm())
      case .qGemm: nil
      }
    }
  }
}
