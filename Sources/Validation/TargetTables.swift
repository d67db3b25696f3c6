// Written by tools/probe-targets. The operators are those of docs/OPERATORS.md.
import Text

enum TargetTables {
  static let onnxruntime = ""
  static let openvino =
    "CumProd DeformConv MaxUnpool com.microsoft.QGemm com.microsoft.QLinearGlobalAveragePool"
  static let ncnn =
    "AffineGrid And com.microsoft.BiasGelu BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor CastLike "
    + "CenterCropPad Compress ConstantOfShape ConvInteger CumProd DequantizeLinear DynamicQuantizeLinear "
    + "com.microsoft.DynamicQuantizeMatMul Equal EyeLike com.microsoft.FastGelu com.microsoft.FusedConv "
    + "com.microsoft.FusedGemm com.microsoft.FusedMatMul Gather GatherElements GatherND com.microsoft.Gelu "
    + "GlobalLpPool Greater GreaterOrEqual Hardmax If IsInf IsNaN Less LessOrEqual LpPool MatMulInteger "
    + "MaxUnpool Mod NonMaxSuppression NonZero Not OneHot Or com.microsoft.QGemm com.microsoft.QLinearAdd "
    + "com.microsoft.QLinearAveragePool com.microsoft.QLinearConcat QLinearConv "
    + "com.microsoft.QLinearGlobalAveragePool com.microsoft.QLinearLeakyRelu QLinearMatMul "
    + "com.microsoft.QLinearMul com.microsoft.QLinearSigmoid com.microsoft.QLinearSoftmax QuantizeLinear "
    + "com.microsoft.QuickGelu Range ReverseSequence ScatterElements ScatterND Shape Sign Size "
    + "com.microsoft.SkipLayerNormalization ThresholdedRelu TopK Trilu Unique Where Xor"
  static let tflite =
    "com.microsoft.BiasGelu CastLike com.microsoft.DynamicQuantizeMatMul com.microsoft.FastGelu "
    + "com.microsoft.FusedGemm com.microsoft.FusedMatMul com.microsoft.QGemm "
    + "com.microsoft.QLinearAveragePool com.microsoft.QLinearGlobalAveragePool com.microsoft.QuickGelu "
    + "com.microsoft.SkipLayerNormalization Swish"
}
