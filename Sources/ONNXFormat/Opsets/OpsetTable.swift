// Written by tools/generate-opsets from the schemas of onnx 1.23.2; run it again instead of changing this.

/// Types and attributes of our operators in opsets 7 to 28: a line for each operator. Behind its name stand the
/// opsets that define it anew, each with a letter for every input and output and `>` between them; `*` follows a last
/// one that may be repeated. A letter is a place in ``sets``. At the end stand attributes that later opsets added.
enum OpsetTable {
  static let lines: StaticString = """
    Abs 6a>a 13b>b
    Acos 7c>c 22d>d
    Acosh 9c>c 22d>d
    Add 7ee>e 13ff>f 14bb>b
    AffineGrid 20dg>d
    And 7hh>h
    ArgMax 1a>g 13b>g select_last_index=12
    ArgMin 1a>g 13b>g select_last_index=12
    Asin 7c>c 22d>d
    Asinh 9c>c 22d>d
    Atan 7c>c 22d>d
    Atanh 9c>c 22d>d
    Attention 23dddidd>dddd 24dddiddg>dddd left_window_size=25 right_window_size=25
    AveragePool 7c>c 22d>d ceil_mode=10 dilations=19
    BatchNormalization 7ccccc>ccccc 14ddddd>ddd training_mode=14
    BitShift 11jj>j 28kk>k
    BitwiseAnd 18kk>k
    BitwiseNot 18k>k
    BitwiseOr 18kk>k
    BitwiseXor 18kk>k
    Cast 6l>l 13i>i round_mode=24 saturate=19
    CastLike 15ii>i round_mode=24 saturate=19
    Ceil 6c>c 13d>d
    Celu 12m>m 28d>d
    CenterCropPad 18in>i
    Clip 6c>c 11ccc>c 12aaa>a 13bbb>b
    Col2Im 18igg>i
    Compress 9lh>l 28ih>i
    Concat 4l*>l 13i*>i
    Constant 1>c 9>l 13>i sparse_value=11 value_float=12 value_floats=12 value_int=12 value_ints=12 \
    value_string=12 value_strings=12
    ConstantOfShape 9g>l 20g>i
    Conv 1ccc>c 22ddd>d
    ConvInteger 10oooo>p
    ConvTranspose 1ccc>c 22ddd>d
    Cos 7c>c 22d>d
    Cosh 9c>c 22d>d
    CumProd 26fn>f
    CumSum 11qn>q 14fn>f
    DeformConv 19ccccc>c 22ddddd>d
    DepthToSpace 1l>l 13i>i mode=11
    DequantizeLinear 10rmr>m 19rsr>s 21tst>s axis=13 block_size=21 output_dtype=23
    Div 7ee>e 13ff>f 14bb>b
    Dropout 7c>cc 10c>ch 12cch>ch 13dch>dh 22ddh>dh seed=12
    DynamicQuantizeLinear 11m>umu
    Einsum 12a*>a 28b*>b
    Elu 6c>c 22d>d
    Equal 7vv>h 11ll>h 13ii>h
    Erf 9a>a 13d>d
    Exp 6c>c 13d>d
    Expand 8lg>l 13ig>i
    EyeLike 9l>l 22i>i
    Flatten 1c>c 9l>l 13i>i
    Floor 6c>c 13d>d
    Gather 1ln>l 13in>i
    GatherElements 11ln>l 13in>i
    GatherND 11lg>l 13ig>i batch_dims=12
    Gelu 20d>d
    Gemm 7ccc>c 9eee>e 13fff>f
    GlobalAveragePool 1c>c 22d>d
    GlobalLpPool 2c>c 22d>d
    GlobalMaxPool 1c>c 22d>d
    Greater 7cc>h 9aa>h 13bb>h
    GreaterOrEqual 12aa>h 16bb>h
    GridSample 16lc>l 22id>i
    GroupNormalization 21ddd>d
    HardSigmoid 6c>c 22d>d
    HardSwish 14c>c 22d>d
    Hardmax 1c>c 13d>d
    Identity 1l>l 13i>i
    If 1h>l* 16h>i*
    InstanceNormalization 6ccc>c 22ddd>d
    IsInf 10w>h 20d>h
    IsNaN 9c>h 13d>h
    LRN 1c>c 13d>d
    LayerNormalization 17ddd>dxx
    LeakyRelu 6c>c 16d>d
    Less 7cc>h 9aa>h 13bb>h
    LessOrEqual 12aa>h 16bb>h
    Log 6c>c 13d>d
    LogSoftmax 1c>c 13d>d
    LpNormalization 1c>c 22d>d
    LpPool 2c>c 22d>d ceil_mode=18 dilations=18
    MatMul 1cc>c 9ee>e 13ff>f
    MatMulInteger 10oooo>p
    Max 6c*>c 12a*>a 13b*>b
    MaxPool 1c>c 8c>cg 12y>yg 22z>zg ceil_mode=10 dilations=10 storage_order=8
    MaxUnpool 9cgg>c 22dgg>d
    Mean 6c*>c 13d*>d
    MeanVarianceNormalization 9c>c 13d>d
    Min 6c*>c 12a*>a 13b*>b
    Mish 18c>c 22d>d
    Mod 10aa>a 13bb>b
    Mul 7ee>e 13ff>f 14bb>b
    Neg 6A>A 13B>B
    NonMaxSuppression 10mmgmm>g
    NonZero 9l>g 13i>g
    Not 1h>h
    OneHot 9aal>l 28aai>i
    Or 7hh>h
    PRelu 7cc>c 9ee>e 16ff>f
    Pad 2c>c 11aga>a 13igi>i 18igin>i
    Pow 7cc>c 12Ca>C 13Da>D 15Db>D
    QLinearConv 10omoomomop>o
    QLinearMatMul 10omoomomo>o 21osoososo>o
    QuantizeLinear 10Emo>o 19FFo>o 21FFG>G axis=13 block_size=21 output_dtype=21 precision=23 saturate=19
    RMSNormalization 23dd>d
    Range 11HHH>H 27III>I stash_type=27
    Reciprocal 6c>c 13d>d
    ReduceL1 1e>e 13f>f 18fg>f noop_with_empty_axes=18
    ReduceL2 1e>e 13f>f 18fg>f noop_with_empty_axes=18
    ReduceLogSum 1e>e 13f>f 18fg>f 28dg>d noop_with_empty_axes=18
    ReduceLogSumExp 1e>e 13f>f 18fg>f 28dg>d noop_with_empty_axes=18
    ReduceMax 1e>e 12J>J 13K>K 18Kg>K 20Lg>L noop_with_empty_axes=18
    ReduceMean 1e>e 13f>f 18fg>f noop_with_empty_axes=18
    ReduceMin 1e>e 12J>J 13K>K 18Kg>K 20Lg>L noop_with_empty_axes=18
    ReduceProd 1e>e 13f>f 18fg>f noop_with_empty_axes=18
    ReduceSum 1e>e 13fg>f noop_with_empty_axes=13
    ReduceSumSquare 1e>e 13f>f 18fg>f noop_with_empty_axes=18
    Relu 6c>c 13d>d 14B>B
    Reshape 5lg>l 13ig>i allowzero=14
    Resize 10lm>l 11lcmg>l 13icmg>i antialias=18 axes=18 coordinate_transformation_mode=11 cubic_coeff_a=11 \
    exclude_outside=11 extrapolation_value=11 keep_aspect_ratio_policy=18 nearest_mode=11
    ReverseSequence 10lg>l 28ig>i
    RoiAlign 10ccg>c 22ddg>d coordinate_transformation_mode=16
    RotaryEmbedding 23sssg>s
    Round 11c>c 22d>d
    Scatter 9lnl>l
    ScatterElements 11lnl>l 13ini>i reduction=16
    ScatterND 11lgl>l 13igi>i reduction=16
    Selu 6c>c 22d>d
    Shape 1l>g 13i>g end=15 start=15
    Shrink 9a>a
    Sigmoid 6c>c 13d>d
    Sign 9a>a 13b>b
    Sin 7c>c 22d>d
    Sinh 9c>c 22d>d
    Size 1l>g 13i>g
    Slice 1l>l 10lnnnn>l 13innnn>i
    Softmax 1c>c 13d>d
    Softplus 1c>c 22d>d
    Softsign 1c>c 22d>d
    SpaceToDepth 1l>l 13i>i mode=28
    Split 2l>l* 13ig>i* num_outputs=18
    Sqrt 6c>c 13d>d
    Squeeze 1l>l 13ig>i
    Sub 7ee>e 13ff>f 14bb>b
    Sum 6c*>c 13d*>d
    Swish 24d>d
    Tan 7c>c 22d>d
    Tanh 6c>c 13d>d
    ThresholdedRelu 10c>c 22d>d
    Tile 6lg>l 13ig>i
    TopK 1c>cg 10cg>cg 11ag>ag 24bg>bg largest=11 sorted=11
    Transpose 1l>l 13i>i
    Trilu 14ig>i
    Unique 11l>lggg 28i>iggg
    Unsqueeze 1l>l 13ig>i
    Upsample 7l>l 9lm>l
    Where 9hll>l 16hii>i
    Xor 7hh>h
    """

  /// A bit for each of float16, bfloat16, float32, float64, int8 to int64, uint8 to uint64, bool.
  static let sets: [UInt16] = [
    4093, 4095, 13, 15, 3277, 3279, 128, 4096, 8191, 3840, 4080, 8189, 4, 192, 272, 64, 3276, 336, 7, 880, 256,
    4288, 12, 6, 285, 287, 253, 255, 205, 207, 68, 71, 816, 236, 239, 3549, 3551, 7647,
  ]
}
