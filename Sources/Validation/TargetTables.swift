// Written by tools/probe-targets. The operators are those of docs/OPERATORS.md.

enum TargetTables {
  static let onnxruntime = ""
  static let openvino =
    "CumProd DeformConv MaxUnpool com.microsoft.QGemm com.microsoft.QLinearGlobalAveragePool"
  static let ncnn =
    "com.microsoft.BiasGelu com.microsoft.DynamicQuantizeMatMul com.microsoft.FastGelu "
    + "com.microsoft.FusedConv com.microsoft.FusedGemm com.microsoft.FusedMatMul com.microsoft.Gelu "
    + "com.microsoft.QGemm com.microsoft.QLinearAdd com.microsoft.QLinearAveragePool "
    + "com.microsoft.QLinearConcat com.microsoft.QLinearGlobalAveragePool com.microsoft.QLinearLeakyRelu "
    + "com.microsoft.QLinearMul com.microsoft.QLinearSigmoid com.microsoft.QLinearSoftmax "
    + "com.microsoft.QuickGelu com.microsoft.SkipLayerNormalization"
  static let tflite =
    "com.microsoft.BiasGelu CastLike com.microsoft.DynamicQuantizeMatMul com.microsoft.FastGelu "
    + "com.microsoft.FusedGemm com.microsoft.FusedMatMul com.microsoft.QGemm "
    + "com.microsoft.QLinearAveragePool com.microsoft.QLinearGlobalAveragePool com.microsoft.QuickGelu "
    + "com.microsoft.SkipLayerNormalization Swish"
}
