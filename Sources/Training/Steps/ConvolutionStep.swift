import Kernels
import ModelGraph
import TrainingKernels

/// Conv with groups, strides, dilations, in one or two dimensions: implicit GEMM over packed weights.
///
/// Operands: X, W, B (optional).
final class ConvolutionStep: Step, Bfloat16Step {
  let geometry: ConvolutionGeometry
  private let width: Int
  private let threads: Int
  private let weightScratch: Int
  private let forwardPlan: ConvolutionPlan
  let backwardPlan: ConvolutionPlan
  let weightPlan: WeightGradientPlan
  /// Size of the padded copy of the input, if there is one: with few input channels, the taps of a kernel row are read as
  /// one run from it. Such a convolution uses bf16 for its gradients only: rounding in the network's first layer would
  /// change which rectifiers are active in all others.
  let padded: (height: Int, width: Int)?
  /// Direct bf16 kernels, and Winograd's. Training uses them where they fit; validation always uses the direct float
  /// kernels, which round least.
  private(set) var bfloat16: Bfloat16Convolution?
  private(set) var winograd: WinogradConvolution?
  /// The step that recomputes the input for the backward pass, if it is not kept: see ``Recomputation``.
  weak var inputMaker: NormalizationStep?

  /// - Parameter bfloat16: the bf16 kernels in mixed-precision training, else nil.
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

  var bfloat16Operands: Bfloat16Operands? {
    guard bfloat16 != nil else { return nil }
    var operands = Bfloat16Operands()
    if padded == nil {
      let learns = parameter(1)?.learns ?? false
      operands.input = !goesByWinograd ? .bfloat16 : learns ? .floatForward : .float
      operands.writesOutput = true
    }
    // The bias gradient sums float.
    operands.readsOutputGradient = parameter(2) == nil
    operands.gradients = [0: .always]
    return operands
  }

  override var readsBackward: [Slot] {
    padded == nil && modes[1] != .unwanted && !readsBfloat16 ? [input()] : []
  }
  override var savedCount: Int { bfloat16 == nil ? paddedCount : (paddedCount + 1) / 2 }
  override var scratchCount: Int {
    if let winograd, winograd.goesForward { return winograd.forwardScratch }
    // The padded copy is saved as bf16; the forward pass reads a float copy in scratch.
    return bfloat16.map { padded == nil ? $0.weightScratch : paddedCount } ?? 0
  }
  override var backwardScratchCount: Int { gradientScratch + bfloat16Scratch + transposedScratch }

  private var paddedCount: Int { padded.map { geometry.batch * $0.height * $0.width * geometry.channels } ?? 0 }
  private var readsBfloat16: Bool { bfloat16Operands?.readsInput ?? false }
  private var goesByWinograd: Bool { winograd?.goesForward ?? false }
  /// Whether training writes the output as bf16 only.
  private var writesNarrow: Bool { output.narrowMaker === self && !output.isReadAsFloat }

  // The backward pass's scratch has three parts: for the gradient kernels, for bf16 copies, for the transposed weights.

  var gradientScratch: Int { max(weightScratch * threads, winograd?.backwardScratch ?? 0) }
  private var bfloat16Scratch: Int {
    bfloat16.map { $0.weightScratch + (narrowsOutputGradient ? $0.gradientScratch : 0) } ?? 0
  }
  var transposedScratch: Int { transposesNarrow || transposesIntoGradient ? 0 : geometry.group * transposedCount }
  /// Whether the output gradient is float and direct bf16 kernels read a rounded copy of it.
  var narrowsOutputGradient: Bool {
    bfloat16 != nil && !output.gradientIsNarrow
      && !(winograd?.givesData ?? false && winograd?.sumsWeights ?? false)
  }
  /// Whether the data gradient's kernels take the transposed weights as bf16.
  var transposesNarrow: Bool { bfloat16 != nil && !(winograd?.givesData ?? false) }
  /// The data gradient comes before the weight gradient: until then the memory of the weight gradient can hold the
  /// transposed weights.
  var transposesIntoGradient: Bool { modes[1] == .write && transposedCount <= packedCount }

  var taps: Int { geometry.plane.height.kernel * geometry.plane.width.kernel }
  /// Floats of one group's packed weights, and of its transposed weights.
  var packedCount: Int { rounded(geometry.groupFilters) * taps * geometry.groupChannels }
  var transposedCount: Int { rounded(geometry.groupChannels) * taps * geometry.groupFilters }
  private func rounded(_ count: Int) -> Int { (count + width - 1) / width * width }

  /// Number of taps and numbers of each, as the forward kernels see the weights: from a padded copy, a kernel row is one tap.
  var tapsAndRun: (Int32, Int32) {
    let plane = geometry.plane
    return padded == nil
      ? (Int32(taps), Int32(geometry.groupChannels))
      : (Int32(plane.height.kernel), Int32(plane.width.kernel * geometry.channels))
  }

  /// The input as the float kernels read it, and its floats per picture.
  func source(_ pass: Pass) -> (UnsafeMutablePointer<Float>, Int) {
    guard let padded else { return (pass.activation(input()), geometry.plane.inputCount * geometry.channels) }
    let copy = bfloat16 == nil ? savedMemory(pass) : scratchMemory(pass, backward: false)
    return (copy, padded.height * padded.width * geometry.channels)
  }

  /// The input as bf16, if the forward or the backward pass reads that.
  func narrowSource(_ pass: Pass) -> UnsafeMutablePointer<UInt16>? {
    if bfloat16 == nil { return nil }
    if padded == nil { return readsBfloat16 ? pass.narrow(input()) : nil }
    return UnsafeMutableRawPointer(savedMemory(pass)).assumingMemoryBound(to: UInt16.self)
  }

  override func forward(_ pass: Pass) throws {
    guard let w = parameter(1) else { return }
    let narrowX = narrowSource(pass)
    if let bfloat16, let narrowX, padded == nil, input().narrowMaker === self {
      bfloat16.narrow(pass.activation(input()), count: input().count(images: pass.images), pass, into: narrowX)
    }
    defer {
      // In evaluation only normalisations read the copy, and they write their own.
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

  /// Where training writes the output, float or bf16.
  private func target(_ pass: Pass) -> UnsafeMutableRawPointer {
    if writesNarrow, let narrow = pass.narrow(output) { return UnsafeMutableRawPointer(narrow) }
    return UnsafeMutableRawPointer(pass.activation(output))
  }

  override func backward(_ pass: Pass) throws {
    guard let w = parameter(1) else { return }
    let narrowed = narrowOutputGradient(pass)
    // First: it may keep the transposed weights where the weight gradient goes.
    if modes[0] != .unwanted { dataGradient(pass, w, narrowed) }
    if modes[1] != .unwanted {
      inputMaker?.reproduce(pass)
      weightGradient(pass, w, narrowed)
    }
    if let bias = parameter(2), modes[2] != .unwanted { biasGradient(pass, bias) }
  }

  func convolve(_ job: inout train_conv_job, _ pass: Pass) {
    withUnsafePointer(to: &job) { job in
      pass.team.run { thread, threads in pass.kernels.convolve(job, thread, threads) }
    }
  }
}
