import Kernels
import ModelGraph
import TrainingKernels

/// Conv with groups, strides, dilations, in one or two dimensions: implicit GEMM over packed weights.
///
/// Operands: X, W, B (optional).
final class ConvolutionStep: Step {
  private let geometry: ConvolutionGeometry
  private let width: Int
  private let threads: Int
  private let weightScratch: Int
  private let forwardPlan: ConvolutionPlan
  private let backwardPlan: ConvolutionPlan
  private let weightPlan: WeightGradientPlan
  /// With few input channels the taps of a kernel row are read as one run, out of a copy of x with its padding. Of
  /// bfloat16 are the gradients alone then: what is rounded in a network's first layer moves the rectifiers of all others.
  private let padded: (height: Int, width: Int)?
  /// How products are had in training; judging a network is left to the plain kernels, as exact as there are.
  private var bfloat16: Bfloat16Convolution?
  private var winograd: WinogradConvolution?
  /// What makes the input again for the backward pass, where it is not kept; see ``Recomputation``.
  weak var inputMaker: NormalizationStep?

  /// - Parameter bfloat16: where products are to be of bfloat16.
  init(
    place: String, operands: [Operand?], output: Slot, geometry: ConvolutionGeometry, kernels: train_kernels,
    bfloat16: train_bf16_kernels?, threads: Int
  ) {
    self.geometry = geometry
    self.threads = threads
    width = Int(kernels.width)
    weightScratch = Int(kernels.width) * Int(TRAIN_WEIGHT_BLOCK) * Int(TRAIN_WEIGHT_PANELS)
    let plane = geometry.plane
    let (inputs, outputs) = (geometry.channels, geometry.filters)
    if geometry.group == 1, inputs < 16, plane.width.kernel > 1, plane.width.dilation == 1 {
      let size = (
        height: (plane.height.output - 1) * plane.height.stride + plane.height.reach,
        width: (plane.width.output - 1) * plane.width.stride + plane.width.reach
      )
      padded = size
      forwardPlan = ConvolutionPlan(
        padded: plane, paddedWidth: size.width, inputChannels: inputs, outputChannels: outputs)
      weightPlan = WeightGradientPlan(padded: plane, paddedWidth: size.width, inputChannels: inputs)
    } else {
      padded = nil
      forwardPlan = ConvolutionPlan(forward: plane, inputChannels: inputs, outputChannels: outputs)
      weightPlan = WeightGradientPlan(plane, inputChannels: inputs)
    }
    backwardPlan = ConvolutionPlan(backward: plane, inputChannels: inputs, outputChannels: outputs)
    super.init(place: place, kind: "Conv", operands: operands, output: output)
    self.bfloat16 = bfloat16.flatMap {
      Bfloat16Convolution(
        geometry, kernels: $0, packedCount: max(packedCount, transposedCount), gradientsAlone: padded != nil)
    }
    winograd = WinogradConvolution(
      geometry, kernels: kernels, bfloat16: self.bfloat16 == nil ? nil : bfloat16, threads: threads)
  }

  override var readsBackward: [Slot] {
    padded == nil && modes[1] != .unwanted && !readsNarrow ? [input()] : []
  }
  override var readsNarrow: Bool {
    bfloat16 != nil && padded == nil && (!goesByWinograd || parameter(1)?.learns ?? false)
  }
  override var readsFloat: Bool { bfloat16 == nil || padded != nil || goesByWinograd }
  override var narrows: Bool { bfloat16 != nil && padded == nil }
  override func givesNarrowGradient(_ index: Int) -> NarrowGiving { bfloat16 != nil && index == 0 ? .always : .never }
  /// A bias' gradient sums up floats.
  override var takesNarrowGradient: Bool { bfloat16 != nil && parameter(2) == nil }
  override var savedCount: Int { bfloat16 == nil ? paddedCount : (paddedCount + 1) / 2 }
  override var scratchCount: Int {
    if let winograd, winograd.goesForward { return winograd.forwardScratch }
    // Where the padded copy is kept in bfloat16, the forward pass reads another.
    return bfloat16.map { padded == nil ? $0.weightScratch : paddedCount } ?? 0
  }
  private var paddedCount: Int { padded.map { geometry.batch * $0.height * $0.width * geometry.channels } ?? 0 }
  override var backwardScratchCount: Int { gradientScratch + narrowScratch + transposedScratch }
  private var goesByWinograd: Bool { winograd?.goesForward ?? false }
  /// Whether training makes the output in bfloat16 alone.
  private var writesNarrow: Bool { output.narrowMaker === self && !output.isReadAsFloat }
  private var givesDataByWinograd: Bool { winograd?.givesData ?? false }
  private var sumsWeightsByWinograd: Bool { winograd?.sumsWeights ?? false }
  /// The backward pass's scratch: of the gradients' kernels, of bfloat16, of the transposed weights.
  private var gradientScratch: Int { max(weightScratch * threads, winograd?.backwardScratch ?? 0) }
  private var narrowScratch: Int { bfloat16.map { $0.weightScratch + (narrowsSlopes ? $0.slopeScratch : 0) } ?? 0 }
  /// Whether the slopes come as floats and are multiplied directly.
  private var narrowsSlopes: Bool {
    bfloat16 != nil && !output.gradientIsNarrow && !(givesDataByWinograd && sumsWeightsByWinograd)
  }
  private var transposedScratch: Int {
    transposesNarrow || transposesIntoGradient ? 0 : geometry.group * transposedCount
  }
  private var transposesNarrow: Bool { bfloat16 != nil && !givesDataByWinograd }
  /// The gradient by the data comes first: until then the weights' gradient is room for the transposed weights.
  private var transposesIntoGradient: Bool { modes[1] == .write && transposedCount <= packedCount }

  private var taps: Int { geometry.plane.height.kernel * geometry.plane.width.kernel }
  /// Floats of one group's packed weights, and of the same transposed.
  private var packedCount: Int { rounded(geometry.groupFilters) * taps * geometry.groupChannels }
  private var transposedCount: Int { rounded(geometry.groupChannels) * taps * geometry.groupFilters }
  private func rounded(_ count: Int) -> Int { (count + width - 1) / width * width }

  /// (taps, run) as the kernels see the weights.
  private var tapsAndRun: (Int32, Int32) {
    let plane = geometry.plane
    return padded == nil
      ? (Int32(taps), Int32(geometry.groupChannels))
      : (Int32(plane.height.kernel), Int32(plane.width.kernel * geometry.channels))
  }

  /// x as the forward kernels read it in float32, and its numbers per picture.
  private func source(_ pass: Pass) -> (UnsafeMutablePointer<Float>, Int) {
    guard let padded else { return (pass.activation(input()), geometry.plane.inputCount * geometry.channels) }
    let copy = bfloat16 == nil ? savedMemory(pass) : scratchMemory(pass, backward: false)
    return (copy, padded.height * padded.width * geometry.channels)
  }

  /// The same in bfloat16, where products or gradients' products are.
  private func narrowSource(_ pass: Pass) -> UnsafeMutablePointer<UInt16>? {
    if bfloat16 == nil { return nil }
    if padded == nil { return readsNarrow ? pass.narrow(input()) : nil }
    return UnsafeMutableRawPointer(savedMemory(pass)).assumingMemoryBound(to: UInt16.self)
  }

  override func forward(_ pass: Pass) throws(GraphError) {
    guard let w = parameter(1) else { return }
    let narrowX = narrowSource(pass)
    if let bfloat16, let narrowX, padded == nil, input().narrowMaker === self {
      bfloat16.narrow(pass.activation(input()), count: input().count(images: pass.images), pass, into: narrowX)
    }
    defer {
      // In evaluation nobody reads the copy but normalisations, which make their own then.
      if let bfloat16, pass.isTraining, output.narrowMaker === self, !writesNarrow, let copy = pass.narrow(output) {
        bfloat16.narrow(pass.activation(output), count: output.count(images: pass.images), pass, into: copy)
      }
    }
    if let winograd, winograd.goesForward, pass.isTraining {
      winograd.forward(
        pass, scratchMemory(pass, backward: false),
        x: pass.activation(input()), w: pass.weights(w),
        bias: parameter(2).map { UnsafePointer(pass.weights($0)) }, y: target(pass), isNarrow: writesNarrow)
      return
    }
    if padded != nil { copyPadded(pass) }
    let (x, size) = source(pass)
    let (taps, run) = tapsAndRun
    for group in 0..<geometry.group {
      let bias = parameter(2).map { UnsafePointer(pass.weights($0) + group * geometry.groupFilters) }
      forwardPlan.classes.withUnsafeBufferPointer { classes in
        var job = train_conv_job()
        job.a = UnsafeRawPointer(x + group * geometry.groupChannels)
        job.b = UnsafeRawPointer(pass.weights(w) + group * packedCount)
        job.bias = bias
        job.c = UnsafeMutableRawPointer(pass.activation(output) + group * geometry.groupFilters)
        job.a_image = Int64(size)
        job.c_image = Int64(geometry.plane.outputCount * geometry.filters)
        job.images = Int32(pass.images)
        job.run = run
        job.taps = taps
        job.columns = Int32(geometry.groupFilters)
        job.classes = Int32(classes.count)
        job.list = classes.baseAddress
        if let bfloat16, let narrowX, padded == nil, pass.isTraining {
          job.a = UnsafeRawPointer(narrowX)
          job.c = target(pass)
          job.c_narrow = writesNarrow ? 1 : 0
          bfloat16.convolve(
            &job, pass, weights: pass.weights(w), rows: packedCount / width, in: scratchMemory(pass, backward: false))
        } else {
          convolve(&job, pass)
        }
      }
    }
  }

  /// Where training puts the output.
  private func target(_ pass: Pass) -> UnsafeMutableRawPointer {
    if writesNarrow, let narrow = pass.narrow(output) { return UnsafeMutableRawPointer(narrow) }
    return UnsafeMutableRawPointer(pass.activation(output))
  }

  private func bfloat16Scratch(_ pass: Pass) -> UnsafeMutablePointer<Float> {
    scratchMemory(pass, backward: true) + gradientScratch
  }

  override func backward(_ pass: Pass) throws(GraphError) {
    guard let w = parameter(1) else { return }
    var narrowed: UnsafeRawPointer?
    if output.gradientIsNarrow {
      narrowed = UnsafeRawPointer(pass.gradient(output))
    } else if let bfloat16, narrowsSlopes {
      let memory = UnsafeMutableRawPointer(bfloat16Scratch(pass) + bfloat16.weightScratch)
        .assumingMemoryBound(to: UInt16.self)
      bfloat16.narrow(pass.gradient(output), count: output.count(images: pass.images), pass, into: memory)
      narrowed = UnsafeRawPointer(memory)
    }
    if modes[0] != .unwanted { dataGradient(pass, w, narrowed) }
    if modes[1] != .unwanted {
      inputMaker?.reproduce(pass)
      weightGradient(pass, w, narrowed)
    }
    if let bias = parameter(2), modes[2] != .unwanted {
      let (dy, sums) = (pass.gradient(output), pass.gradient(bias))
      let rows = Int64(pass.images * geometry.plane.outputCount)
      let adds: Int32 = modes[2] == .accumulate ? 1 : 0
      pass.team.run { thread, threads in
        pass.kernels.column_sums(dy, rows, Int32(geometry.filters), sums, adds, thread, threads)
      }
    }
  }

  /// - Parameter narrowed: the slopes in bfloat16, where there are such.
  private func dataGradient(_ pass: Pass, _ w: Parameter, _ narrowed: UnsafeRawPointer?) {
    let transposed =
      transposesIntoGradient
      ? pass.gradient(w) : scratchMemory(pass, backward: true) + backwardScratchCount - transposedScratch
    let (dx, dy) = (pass.gradient(input()), pass.gradient(output))
    let isNarrow = input().gradientIsNarrow
    for group in 0..<geometry.group {
      let from = pass.weights(w) + group * packedCount
      let to = transposed + group * transposedCount
      if !transposesNarrow {
        pass.team.run { thread, threads in
          pass.kernels.transpose_weights(
            from, to, Int32(taps), Int32(geometry.groupChannels), Int32(geometry.groupFilters), thread, threads)
        }
      }
      if let winograd, winograd.givesData {
        winograd.dataGradient(
          pass, scratchMemory(pass, backward: true), dy: narrowed ?? UnsafeRawPointer(dy), isNarrow: narrowed != nil,
          transposed: to, dx: dx, dxIsNarrow: isNarrow, accumulates: modes[0] == .accumulate)
        continue
      }
      backwardPlan.classes.withUnsafeBufferPointer { classes in
        var job = train_conv_job()
        job.a = UnsafeRawPointer(dy + group * geometry.groupFilters)
        job.b = UnsafeRawPointer(to)
        job.c = UnsafeMutableRawPointer(dx + group * geometry.groupChannels)
        job.a_image = Int64(geometry.plane.outputCount * geometry.filters)
        job.c_image = Int64(geometry.plane.inputCount * geometry.channels)
        job.images = Int32(pass.images)
        job.run = Int32(geometry.groupFilters)
        job.taps = Int32(taps)
        job.columns = Int32(geometry.groupChannels)
        job.accumulate = modes[0] == .accumulate ? 1 : 0
        job.classes = Int32(classes.count)
        job.list = classes.baseAddress
        if let bfloat16, let narrowed {
          job.a = narrowed
          job.c_narrow = isNarrow ? 1 : 0
          bfloat16.convolveTransposed(&job, pass, weights: from, in: bfloat16Scratch(pass))
        } else {
          convolve(&job, pass)
        }
      }
    }
  }

  private func weightGradient(_ pass: Pass, _ w: Parameter, _ narrowed: UnsafeRawPointer?) {
    let (x, size) = source(pass)
    let (taps, run) = tapsAndRun
    let dy = pass.gradient(output)
    let narrowX = narrowSource(pass).map { UnsafeRawPointer($0) }
    if let winograd, winograd.sumsWeights {
      winograd.weightGradient(
        pass, scratchMemory(pass, backward: true), x: narrowX ?? UnsafeRawPointer(x),
        dy: narrowed ?? UnsafeRawPointer(dy), areNarrow: (narrowX != nil, narrowed != nil), dw: pass.gradient(w),
        accumulates: modes[1] == .accumulate)
      return
    }
    for group in 0..<geometry.group {
      weightPlan.starts.withUnsafeBufferPointer { starts in
        weightPlan.pairs.withUnsafeBufferPointer { pairs in
          var job = train_weight_job()
          job.x = UnsafeRawPointer(x + group * geometry.groupChannels)
          job.dy = UnsafeRawPointer(dy + group * geometry.groupFilters)
          job.dw = pass.gradient(w) + group * packedCount
          job.x_image = Int64(size)
          job.dy_image = Int64(geometry.plane.outputCount * geometry.filters)
          job.dy_pixel = Int32(geometry.filters)
          job.images = Int32(pass.images)
          job.run = run
          job.taps = taps
          job.columns = Int32(geometry.groupFilters)
          job.positions = Int32(geometry.plane.outputCount)
          job.accumulate = modes[1] == .accumulate ? 1 : 0
          job.tap_start = starts.baseAddress
          job.pairs = pairs.baseAddress
          job.scratch = scratchMemory(pass, backward: true)
          if let bfloat16, let narrowed, let narrowX {
            job.x = narrowX
            job.dy = narrowed
            bfloat16.sumWeights(&job, pass)
          } else {
            withUnsafePointer(to: &job) { job in
              pass.team.run { thread, threads in pass.kernels.weight_gradient(job, thread, threads) }
            }
          }
        }
      }
    }
  }

  private func convolve(_ job: inout train_conv_job, _ pass: Pass) {
    withUnsafePointer(to: &job) { job in
      pass.team.run { thread, threads in pass.kernels.convolve(job, thread, threads) }
    }
  }

  private func copyPadded(_ pass: Pass) {
    guard let padded else { return }
    let plane = geometry.plane
    let channels = geometry.channels
    let (from, (to, size)) = (pass.activation(input()), source(pass))
    // A kernel that never reaches the last pixels leaves them out.
    let rows = min(plane.height.input, padded.height - plane.height.padBefore)
    let columns = min(plane.width.input, padded.width - plane.width.padBefore)
    pass.team.run { thread, threads in
      let first = pass.images * Int(thread) / Int(threads)
      let last = pass.images * Int(thread + 1) / Int(threads)
      for image in first..<last {
        (to + image * size).update(repeating: 0, count: size)
        for row in 0..<max(rows, 0) {
          let source = from + (image * plane.height.input + row) * plane.width.input * channels
          let start = ((row + plane.height.padBefore) * padded.width + plane.width.padBefore) * channels
          (to + image * size + start).update(from: source, count: max(columns, 0) * channels)
        }
      }
    }
    if let bfloat16, pass.isTraining, let narrow = narrowSource(pass) {
      bfloat16.narrow(to, count: pass.images * size, pass, into: narrow)
    }
  }
}
