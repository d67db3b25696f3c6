import Text

/// `auto_pad`: how the padding is chosen.
public enum AutoPad: String, Sendable {
  /// By `pads`.
  case notSet = "NOTSET"
  /// As many outputs as input extent / stride, rounded up; an odd padding cell goes to the end.
  case sameUpper = "SAME_UPPER"
  /// The same, an odd padding cell at the beginning.
  case sameLower = "SAME_LOWER"
  /// No padding.
  case valid = "VALID"
}

/// How a window moves over the spatial axes: the attributes that convolutions and poolings share.
///
/// Lists hold one number per spatial axis (`pads` two: all beginnings, then all ends) or are empty for the default, 1
/// (`pads`: 0) along every axis.
public struct Window: Sendable, Equatable {
  /// Extents of the window. Empty for a convolution that leaves them to its weights.
  public var kernel: [Int]
  public var strides: [Int]
  public var pads: [Int]
  public var dilations: [Int]
  public var autoPad: AutoPad
  /// Poolings only: a last window that reaches beyond the padded input is included.
  public var ceilMode: Bool

  public init(
    kernel: [Int] = [], strides: [Int] = [], pads: [Int] = [], dilations: [Int] = [], autoPad: AutoPad = .notSet,
    ceilMode: Bool = false
  ) {
    self.kernel = kernel
    self.strides = strides
    self.pads = pads
    self.dilations = dilations
    self.autoPad = autoPad
    self.ceilMode = ceilMode
  }

  /// - Parameters:
  ///   - hasDilations, hasCeilMode, hasAutoPad: whether the operator has the attribute in the file's opset.
  init(
    _ attributes: AttributeReader, hasDilations: Bool = true, hasCeilMode: Bool = false, hasAutoPad: Bool = true
  ) throws(GraphError) {
    kernel = try attributes.ints("kernel_shape", default: [])
    strides = try attributes.ints("strides", default: [])
    pads = try attributes.ints("pads", default: [])
    dilations = hasDilations ? try attributes.ints("dilations", default: []) : []
    ceilMode = hasCeilMode ? try attributes.flag("ceil_mode", default: false) : false
    let notSet = AutoPad.notSet.rawValue
    let autoPadName = hasAutoPad ? try attributes.string("auto_pad", default: notSet) : notSet
    guard let autoPad = AutoPad(rawValue: autoPadName) else {
      throw attributes.bad("auto_pad", "is '\(autoPadName)', must be NOTSET, SAME_UPPER, SAME_LOWER or VALID")
    }
    self.autoPad = autoPad
    if kernel.contains(where: { $0 < 1 }) { throw attributes.bad("kernel_shape", "must be at least 1") }
    if strides.contains(where: { $0 < 1 }) { throw attributes.bad("strides", "must be at least 1") }
    if dilations.contains(where: { $0 < 1 }) { throw attributes.bad("dilations", "must be at least 1") }
    if pads.contains(where: { $0 < 0 }) { throw attributes.bad("pads", "must not be negative") }
  }

  /// The attributes that differ from their defaults.
  var attributes: [Attribute] {
    var list: [Attribute] = []
    if !kernel.isEmpty { list.append(.ints("kernel_shape", kernel)) }
    if !strides.isEmpty { list.append(.ints("strides", strides)) }
    if !pads.isEmpty, autoPad == .notSet { list.append(.ints("pads", pads)) }
    if !dilations.isEmpty { list.append(.ints("dilations", dilations)) }
    if autoPad != .notSet { list.append(.string("auto_pad", autoPad.rawValue)) }
    if ceilMode { list.append(.flag("ceil_mode", true)) }
    return list
  }

  /// This window over an input `[N, C, ((D,) H,) W]`.
  ///
  /// - Parameter kernel: the window's extents, one per spatial axis.
  /// - Throws: E205 unless there are one to three spatial axes; E206 for lists of the wrong length; E204 if the window
  ///   is larger than the padded input; E212 for one of too many cells.
  public func plane(over input: Shape, kernel: [Int], of operatorName: String) throws(GraphError) -> WindowPlane {
    let rank = input.rank - 2
    guard (1...3).contains(rank) else {
      throw GraphError(
        .wrongRank, "\(operatorName): X is \(input), must have 3 to 5 dimensions (1 to 3 spatial axes)")
    }
    guard kernel.count == rank else {
      throw GraphError(
        .badAttribute, "\(operatorName): 'kernel_shape' has \(kernel.count) numbers, X needs \(rank)")
    }
    do { _ = try Shape(kernel).checked(limit: 1 << 62) } catch { throw error.at("\(operatorName): the window") }
    try check(strides, "strides", rank, operatorName)
    try check(dilations, "dilations", rank, operatorName)
    try check(pads, "pads", 2 * rank, operatorName)

    var axes: [WindowAxis] = []
    for index in 0..<rank {
      var axis = WindowAxis(
        input: input[index + 2], kernel: kernel[index],
        stride: strides.isEmpty ? 1 : strides[index], dilation: dilations.isEmpty ? 1 : dilations[index],
        padBefore: pads.isEmpty ? 0 : pads[index], padAfter: pads.isEmpty ? 0 : pads[index + rank])
      try axis.settle(autoPad, ceilMode: ceilMode, of: operatorName)
      axes.append(axis)
    }
    return WindowPlane(axes)
  }

  /// Throws E206 unless a list has a number for each spatial axis of X, or is empty.
  func check(_ list: [Int], _ name: String, _ wanted: Int, _ operatorName: String) throws(GraphError) {
    if list.isEmpty { return }
    guard list.count == wanted else {
      throw GraphError(.badAttribute, "\(operatorName): '\(name)' has \(list.count) numbers, X needs \(wanted)")
    }
  }
}

/// A window along one axis, with padding and output extent known.
public struct WindowAxis: Sendable, Equatable {
  public var input: Int
  public var kernel: Int
  public var stride: Int
  public var dilation: Int
  public var padBefore: Int
  public var padAfter: Int
  public private(set) var output = 1

  /// The axis that 1-D data lacks: one position, one tap.
  static let single = WindowAxis(input: 1, kernel: 1, stride: 1, dilation: 1, padBefore: 0, padAfter: 0)

  init(input: Int, kernel: Int, stride: Int, dilation: Int, padBefore: Int, padAfter: Int) {
    self.input = input
    self.kernel = kernel
    self.stride = stride
    self.dilation = dilation
    self.padBefore = padBefore
    self.padAfter = padAfter
  }

  /// The axis of a convolution that makes `output` positions of `input`, read backwards by a transposed convolution.
  init(
    transposing output: Int, into input: Int, kernel: Int, stride: Int, dilation: Int, padBefore: Int, padAfter: Int
  ) {
    self.init(
      input: input, kernel: kernel, stride: stride, dilation: dilation, padBefore: padBefore, padAfter: padAfter)
    self.output = output
  }

  /// From the window's first cell to its last.
  public var reach: Int { dilation * (kernel - 1) + 1 }

  /// Whether every output position reads the input position of the same index.
  public var isPointwise: Bool { kernel == 1 && stride == 1 && padBefore == 0 && padAfter == 0 }

  /// For a pointwise axis: more positions of the same kind.
  mutating func widen(to count: Int) { (input, output) = (count, count) }

  /// Replaces the padding by what `autoPad` asks for and computes ``output``.
  fileprivate mutating func settle(
    _ autoPad: AutoPad, ceilMode: Bool, of operatorName: String
  ) throws(GraphError) {
    switch autoPad {
    case .sameUpper, .sameLower:
      // As ONNX defines it. onnxruntime's poolings ignore the dilation here, and use negative padding if the stride is
      // larger than the window.
      output = (input + stride - 1) / stride
      let total = max(0, (output - 1) * stride + reach - input)
      padBefore = autoPad == .sameUpper ? total / 2 : (total + 1) / 2
      padAfter = total - padBefore
      return
    case .valid: (padBefore, padAfter) = (0, 0)
    case .notSet: break
    }
    // ONNX defines VALID without regard to ceil_mode.
    let roundsUp = ceilMode && autoPad == .notSet
    let room = input + padBefore + padAfter - reach + (roundsUp ? stride - 1 : 0)
    guard room >= 0 else {
      throw .mismatch(
        "\(operatorName): the window reaches over \(reach) cells, the padded input has "
          + "\(input + padBefore + padAfter) (\(input) and \(padBefore) + \(padAfter) of padding)")
    }
    output = room / stride + 1
    // A window that would start in the padding behind the input is left out.
    if roundsUp, (output - 1) * stride >= input + padBefore { output -= 1 }
  }

  /// Where the window of `output` starts; negative in the padding.
  @inline(__always) public func start(_ output: Int) -> Int { output * stride - padBefore }

  /// The taps of the window of `output` that lie inside the input.
  @inline(__always) public func taps(at output: Int) -> Range<Int> {
    let start = start(output)
    let first = start >= 0 ? 0 : (dilation - 1 - start) / dilation
    let end = start >= input ? 0 : min(kernel, (input - 1 - start) / dilation + 1)
    return first..<max(first, end)
  }

  /// How many taps of the window of `output` lie inside the input or its padding.
  @inline(__always) public func tapsWithPadding(at output: Int) -> Int {
    let room = input + padAfter - start(output)
    return room <= 0 ? 0 : min(kernel, (room - 1) / dilation + 1)
  }

  /// The output positions whose window has tap `tap` inside the input.
  @inline(__always) public func outputs(reading tap: Int) -> Range<Int> {
    let offset = tap * dilation - padBefore
    let first = offset >= 0 ? 0 : (stride - 1 - offset) / stride
    let end = offset >= input ? 0 : min(output, (input - 1 - offset) / stride + 1)
    return first..<max(first, end)
  }
}

/// A window over one to three spatial axes; the data of two axes are of depth 1, those of one are of height 1 too.
public struct WindowPlane: Sendable, Equatable {
  /// 1 to 3.
  public var spatialRank: Int
  public var depth = WindowAxis.single
  public var height = WindowAxis.single
  public var width: WindowAxis

  /// - Parameter axes: one to three, the outermost first.
  init(_ axes: [WindowAxis]) {
    spatialRank = axes.count
    width = axes[axes.count - 1]
    if axes.count > 1 { height = axes[axes.count - 2] }
    if axes.count > 2 { depth = axes[axes.count - 3] }
  }

  /// Whether there are at most two spatial axes, as kernels and gradient steps need it.
  public var isFlat: Bool { spatialRank < 3 }

  public var inputCount: Int { depth.input * height.input * width.input }
  public var outputCount: Int { depth.output * height.output * width.output }
  /// Cells of the window.
  public var taps: Int { depth.kernel * height.kernel * width.kernel }

  /// `[batch, channels, ((oD,) oH,) oW]`.
  public func outputShape(batch: Int, channels: Int) -> Shape {
    let spatial = [depth.output, height.output, width.output]
    return Shape([batch, channels] + spatial.suffix(spatialRank))
  }

  /// Calls `body` for every output position, row by row, with the part of its window that lies inside the input.
  @inline(__always)
  public func forEachWindow(_ body: (_ output: Int, _ cells: WindowCells) -> Void) {
    let inputArea = height.input * width.input
    for row in 0..<depth.output * height.output {
      let (z, y) = (row / height.output, row % height.output)
      let (sliceTaps, rowTaps) = (depth.taps(at: z), height.taps(at: y))
      let firstSlice = depth.start(z) + sliceTaps.lowerBound * depth.dilation
      let firstRow = height.start(y) + rowTaps.lowerBound * height.dilation
      let countWithPadding = depth.tapsWithPadding(at: z) * height.tapsWithPadding(at: y)
      for x in 0..<width.output {
        let columnTaps = width.taps(at: x)
        let firstColumn = width.start(x) + columnTaps.lowerBound * width.dilation
        let cells = WindowCells(
          sliceCount: sliceTaps.count, rowCount: rowTaps.count, columnCount: columnTaps.count,
          // Wraps around only for a window that lies in the padding, whose first cell nobody reads.
          first: firstSlice &* inputArea &+ firstRow &* width.input &+ firstColumn,
          sliceStep: depth.dilation &* inputArea, rowStep: height.dilation &* width.input, columnStep: width.dilation,
          countWithPadding: countWithPadding * width.tapsWithPadding(at: x))
        body(row * width.output + x, cells)
      }
    }
  }
}

/// The cells of one window that lie inside the input plane.
public struct WindowCells: Sendable {
  var sliceCount: Int
  var rowCount: Int
  var columnCount: Int
  /// The index of the first cell in the row-major input plane, and the distances to the next ones.
  var first: Int
  var sliceStep: Int
  var rowStep: Int
  var columnStep: Int
  /// The window's cells inside the input or its padding.
  public var countWithPadding: Int

  public var count: Int { sliceCount * rowCount * columnCount }

  /// Calls `body` with the index of every cell in the row-major input plane.
  @inline(__always)
  public func forEach(_ body: (_ index: Int) -> Void) {
    for slice in 0..<sliceCount {
      for row in 0..<rowCount {
        let start = first &+ slice &* sliceStep &+ row &* rowStep
        for column in 0..<columnCount { body(start + column * columnStep) }
      }
    }
  }
}
