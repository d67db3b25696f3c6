import Inference
import Kernels
import ModelGraph
import TrainingKernels

/// A 3×3 convolution of stride 1 by Winograd's F(4×4, 3×3): the forward pass and both gradients, each only where it is
/// faster. See train_winograd.h.
///
/// In mixed precision only the gradients use bf16 here. There, rounding adds noise of 1 % to each gradient. In the forward
/// pass it would change which rectifiers are active in all later layers.
struct WinogradConvolution {
  /// One of the three passes: its job and its kernels.
  private struct Part {
    var job: train_winograd_job
    let kernels: train_winograd
    let isWeights: Bool
    /// Multiplications of the direct convolution for each one of this.
    let saving: Double
  }

  private let threads: Int
  private let width: Int32
  private let zeroCount: Int
  private var parts: (forward: Part?, data: Part?, weights: Part?)
  var goesForward: Bool { parts.forward != nil }
  var givesData: Bool { parts.data != nil }
  var sumsWeights: Bool { parts.weights != nil }
  /// Floats of scratch for the forward pass, and for either gradient.
  private(set) var forwardScratch = 0
  private(set) var backwardScratch = 0

  /// nil if the geometry does not fit.
  ///
  /// - Parameter bfloat16: the bf16 kernels in mixed-precision training, else nil.
  init?(_ geometry: ConvolutionGeometry, kernels: train_kernels, bfloat16: train_bf16_kernels?, threads: Int) {
    let (height, width) = (geometry.plane.height, geometry.plane.width)
    for axis in [height, width] {
      guard axis.kernel == 3, axis.stride == 1, axis.dilation == 1, (0...2).contains(axis.padBefore) else { return nil }
    }
    guard geometry.group == 1, geometry.channels >= 16, geometry.filters >= 16 else { return nil }
    self.threads = threads
    self.width = kernels.width
    zeroCount = (max(geometry.channels, geometry.filters) + 15) / 16 * 16

    func part(_ isWeights: Bool, by kernels: train_winograd, turned: Bool = false) -> Part {
      var job = train_winograd_job()
      var sizes = convolution_geometry(geometry)
      if turned {
        swap(&sizes.in_height, &sizes.out_height)
        swap(&sizes.in_width, &sizes.out_width)
        swap(&sizes.in_channels, &sizes.out_channels)
        (sizes.pad_top, sizes.pad_left) = (2 - sizes.pad_top, 2 - sizes.pad_left)
      }
      job.geometry = sizes
      job.turned = turned ? 1 : 0
      // Multiplications for a pair of channels: 36 a tile here; directly, one for each tap inside the picture.
      func taps(_ axis: WindowAxis) -> Int { (0..<axis.output).reduce(0) { $0 + axis.taps(at: $1).count } }
      let tiles = (sizes.out_height + 3) / 4 * ((sizes.out_width + 3) / 4)
      return Part(
        job: job, kernels: kernels, isWeights: isWeights,
        saving: Double(taps(height) * taps(width)) / Double(tiles * 36))
    }
    let bfloat16 = bfloat16.flatMap { geometry.filters % 2 == 0 && geometry.channels % 2 == 0 ? $0 : nil }
    let gradients = bfloat16?.winograd ?? kernels.winograd
    parts = (part(false, by: kernels.winograd), part(false, by: gradients, turned: true), part(true, by: gradients))
    // 1.8 pays for the transforms (measured). 2.6 is an estimate for float against direct bf16, which is twice as fast.
    if (parts.forward?.saving ?? 0) < (bfloat16 == nil ? 1.8 : 2.6) { parts.forward = nil }
    if (parts.data?.saving ?? 0) < 1.8 { parts.data = nil }
    // The weight gradient needs full panels of filters.
    if (parts.weights?.saving ?? 0) < 1.8 || geometry.filters % Int(kernels.width) != 0 { parts.weights = nil }
    func scratch(_ part: Part?) -> Int {
      guard var part else { return 0 }
      return zeroCount + place(&part, nil)
    }
    forwardScratch = scratch(parts.forward)
    backwardScratch = max(scratch(parts.data), scratch(parts.weights))
  }

  func forward(
    _ pass: Pass, _ scratch: UnsafeMutablePointer<Float>, x: UnsafePointer<Float>, w: UnsafePointer<Float>,
    bias: UnsafePointer<Float>?, y: UnsafeMutableRawPointer, isNarrow: Bool
  ) {
    guard var part = parts.forward else { return }
    part.job.target_narrow = isNarrow ? 1 : 0
    (part.job.x, part.job.w, part.job.bias, part.job.target) = (UnsafeRawPointer(x), w, bias, y)
    convolve(&part, pass, scratch)
  }

  /// - Parameters:
  ///   - isNarrow, dxIsNarrow: whether dy, dx is bf16.
  ///   - transposed: the packed filters with inputs and outputs exchanged.
  func dataGradient(
    _ pass: Pass, _ scratch: UnsafeMutablePointer<Float>, dy: UnsafeRawPointer, isNarrow: Bool,
    transposed: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>, dxIsNarrow: Bool, accumulates: Bool
  ) {
    guard var part = parts.data else { return }
    (part.job.x, part.job.w, part.job.target) = (dy, transposed, UnsafeMutableRawPointer(dx))
    part.job.accumulate = accumulates ? 1 : 0
    (part.job.x_narrow, part.job.target_narrow) = (isNarrow ? 1 : 0, dxIsNarrow ? 1 : 0)
    convolve(&part, pass, scratch)
  }

  func weightGradient(
    _ pass: Pass, _ scratch: UnsafeMutablePointer<Float>, x: UnsafeRawPointer, dy: UnsafeRawPointer,
    areNarrow: (x: Bool, dy: Bool), dw: UnsafeMutablePointer<Float>, accumulates: Bool
  ) {
    guard var part = parts.weights else { return }
    (part.job.x, part.job.y, part.job.target) = (x, dy, UnsafeMutableRawPointer(dw))
    part.job.accumulate = accumulates ? 1 : 0
    (part.job.x_narrow, part.job.y_narrow) = (areNarrow.x ? 1 : 0, areNarrow.dy ? 1 : 0)
    prepare(&part, pass, scratch)
    forEachBlock(&part, pass, part.kernels.sums)
  }

  private func convolve(_ part: inout Part, _ pass: Pass, _ scratch: UnsafeMutablePointer<Float>) {
    prepare(&part, pass, scratch)
    if part.job.by_panels != 0 {
      forEachBlock(&part, pass, part.kernels.panels)
    } else {
      run(part.job, pass, part.kernels.filters)
      run(part.job, pass, part.kernels.tiles)
    }
  }

  private typealias Work = @convention(c) (UnsafePointer<train_winograd_job>?, Int32, Int32) -> Void

  private func forEachBlock(_ part: inout Part, _ pass: Pass, _ work: Work?) {
    part.job.first = 0
    while part.job.first < part.job.all_tiles {
      part.job.count = min(part.job.block, part.job.all_tiles - part.job.first)
      run(part.job, pass, part.kernels.inputs)
      run(part.job, pass, work)
      part.job.first += part.job.count
    }
  }

  private func run(_ job: train_winograd_job, _ pass: Pass, _ work: Work?) {
    withUnsafePointer(to: job) { job in
      pass.team.run { thread, threads in work?(job, thread, threads) }
    }
  }

  private func prepare(_ part: inout Part, _ pass: Pass, _ scratch: UnsafeMutablePointer<Float>) {
    part.job.geometry.batch = pass.images
    scratch.update(repeating: 0, count: zeroCount)
    part.job.zeros = UnsafePointer(scratch)
    place(&part, scratch + zeroCount)
  }

  /// Decides how the work is cut and lays out its memory from `memory` on. Returns the floats it takes.
  @discardableResult
  private func place(_ part: inout Part, _ memory: UnsafeMutablePointer<Float>?) -> Int {
    withUnsafePointer(to: part.kernels) {
      train_winograd_plan(&part.job, $0, width, part.isWeights ? 1 : 0, Int32(threads))
    }
    var end = 0
    func room(_ count: Int64, times: Int = 1) -> UnsafeMutablePointer<Float>? {
      let start = memory.map { $0 + end }
      end += (Int(count) * times + 15) / 16 * 16
      return count > 0 ? start : nil
    }
    part.job.u = UnsafeMutableRawPointer(room(part.job.u_floats))
    part.job.v = UnsafeMutableRawPointer(room(part.job.v_floats))
    part.job.s = UnsafeMutableRawPointer(room(part.job.s_floats))
    part.job.m = room(part.job.m_floats, times: threads)
    return end
  }
}
