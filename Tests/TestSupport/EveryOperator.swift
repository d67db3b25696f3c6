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
      case .conv: .batchNormalization(BatchNormalization())
      case .batchNormalization: .relu(Relu())
      case .relu: .leakyRelu(LeakyRelu())
      case .leakyRelu: .elu(Elu())
      case .elu: .clip(Clip())
      case .clip: .sigmoid(Sigmoid())
      case .sigmoid: .hardSigmoid(HardSigmoid())
      case .hardSigmoid: .hardSwish(HardSwish())
      case .hardSwish: .maxPool(MaxPool(Window(kernel: [2, 2])))
      case .maxPool: .averagePool(AveragePool(Window(kernel: [2, 2])))
      case .averagePool: .globalAveragePool(GlobalAveragePool())
      case .globalAveragePool: .globalMaxPool(GlobalMaxPool())
      case .globalMaxPool: .reduceMean(ReduceMean())
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
      case .pad: .resize(Resize())
      case .resize: .gemm(Gemm())
      case .gemm: .matMul(MatMul())
      case .matMul: .softmax(Softmax())
      case .softmax: .logSoftmax(LogSoftmax())
      case .logSoftmax: .identity(Identity())
      case .identity: .dropout(Dropout())
      case .dropout: try .constant(Constant(Tensor(zeros: [])))
      case .constant: .cast(Cast(to: .float32))
      case .cast: .shape(ShapeOperator())
      case .shape: .gather(Gather())
      case .gather: .slice(Slice())
      case .slice: .split(SplitOperator(partCount: 2))
      case .split: .expand(Expand())
      case .expand: .tile(Tile())
      case .tile: .gatherElements(GatherElements())
      case .gatherElements: .gatherND(GatherND())
      case .gatherND: .scatterElements(ScatterElements())
      case .scatterElements: .scatterND(ScatterND())
      case .scatterND: .depthToSpace(DepthToSpace(PixelBlock(size: 2)))
      case .depthToSpace: .spaceToDepth(SpaceToDepth(PixelBlock(size: 2)))
      case .spaceToDepth: .reverseSequence(ReverseSequence())
      case .reverseSequence: .trilu(Trilu())
      case .trilu: try .constantOfShape(ConstantOfShape(Tensor(zeros: [])))
      case .constantOfShape: .range(RangeOperator())
      case .range: .size(SizeOperator())
      case .size: .eyeLike(EyeLike())
      case .eyeLike: .oneHot(OneHot())
      case .oneHot: .topK(TopK())
      case .topK: .compress(Compress())
      case .compress: .nonZero(NonZero())
      case .nonZero: .unique(Unique())
      case .unique: .nonMaxSuppression(NonMaxSuppression())
      case .nonMaxSuppression: .roiAlign(RoiAlign())
      case .roiAlign: .gridSample(GridSample())
      case .gridSample: .affineGrid(AffineGrid())
      case .affineGrid: .centerCropPad(CenterCropPad())
      case .centerCropPad: .col2Im(Col2Im())
      case .col2Im: .quantizeLinear(QuantizeLinear())
      case .quantizeLinear: .dequantizeLinear(DequantizeLinear())
      case .dequantizeLinear: .qLinearConv(QLinearConv())
      case .qLinearConv: .qLinearMatMul(QLinearMatMul())
      case .qLinearMatMul: .convInteger(ConvInteger())
      case .convInteger: .matMulInteger(MatMulInteger())
      case .matMulInteger: .dynamicQuantizeLinear(DynamicQuantizeLinear())
      case .dynamicQuantizeLinear: .fusedConv(FusedConv())
      case .fusedConv: .qLinearAdd(QLinearAdd())
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
