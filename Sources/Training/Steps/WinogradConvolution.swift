import Kernels
import ModelGraph

/// A 3×3 convolution of stride 1 by Winograd's F(4×4, 3×3), forward and both gradients; see train_winograd_job.
struct WinogradConvolution {
  private let forwardJob: train_winograd_job
  private let dataJob: train_winograd_job
  private let weightJob: train_winograd_job
  private let threads: Int
  /// Whether the weights' gradient can be had this way too: where no panel of filters is filled up with zeros.
  let sumsWeights: Bool
  /// Floats that the forward pass needs, and each of the two gradients.
  let forwardScratch: Int
  let backwardScratch: Int

  /// nil where it does not fit or, the pictures being small, would not pay.
  init?(_ geometry: ConvolutionGeometry, kernels: train_kernels, threads: Int) {
    let (height, width) = (geometry.plane.height, geometry.plane.width)
    for axis in [height, width] {
      guard axis.kernel == 3, axis.stride == 1, axis.dilation == 1, (0...2).contains(axis.padBefore) else { return nil }
    }
    guard geometry.group == 1, geometry.channels >= 16, geometry.filters >= 16 else { return nil }
    // Multiplications for a pair of channels: 36 a tile, or as many as there are taps within the picture.
    func taps(_ axis: WindowAxis) -> Int { (0..<axis.output).reduce(0) { $0 + axis.taps(at: $1).count } }
    let tiles = (height.output + 3) / 4 * ((width.output + 3) / 4)
    guard taps(height) * taps(width) * 5 > tiles * 36 * 9 else { return nil }

    func job(from source: (Int, Int), to target: (Int, Int), pad: (Int, Int), _ channels: Int, _ columns: Int)
      -> train_winograd_job
    {
      var job = train_winograd_job()
      job.images = Int32(geometry.batch)
      (job.height, job.width) = (Int32(source.0), Int32(source.1))
      (job.out_height, job.out_width) = (Int32(target.0), Int32(target.1))
      (job.pad_top, job.pad_left) = (Int32(pad.0), Int32(pad.1))
      (job.channels, job.columns) = (Int32(channels), Int32(columns))
      return job
    }
    let (inside, outside) = ((height.input, width.input), (height.output, width.output))
    let pad = (height.padBefore, width.padBefore)
    forwardJob = job(from: inside, to: outside, pad: pad, geometry.channels, geometry.filters)
    weightJob = forwardJob
    var data = job(
      from: outside, to: inside, pad: (2 - pad.0, 2 - pad.1), geometry.filters, geometry.channels)
    data.turned = 1
    dataJob = data
    sumsWeights = geometry.filters % Int(kernels.width) == 0
    self.threads = threads
    zeroCount = (max(geometry.channels, geometry.filters) + 15) / 16 * 16
    let floats = [(forwardJob, false), (dataJob, false), (weightJob, true)].map { job, isWeights in
      var job = job
      return WinogradConvolution.place(&job, nil, kernels, isWeights, threads)
    }
    forwardScratch = zeroCount + floats[0]
    backwardScratch = zeroCount + max(floats[1], sumsWeights ? floats[2] : 0)
  }

  private let zeroCount: Int

  func forward(
    _ pass: Pass, _ scratch: UnsafeMutablePointer<Float>, x: UnsafePointer<Float>, w: UnsafePointer<Float>,
    bias: UnsafePointer<Float>?, y: UnsafeMutablePointer<Float>
  ) {
    var job = forwardJob
    (job.x, job.w, job.bias, job.target) = (x, w, bias, y)
    convolve(&job, pass, scratch)
  }

  /// - Parameter transposed: the filters with inputs and outputs exchanged, packed.
  func dataGradient(
    _ pass: Pass, _ scratch: UnsafeMutablePointer<Float>, dy: UnsafePointer<Float>, transposed: UnsafePointer<Float>,
    dx: UnsafeMutablePointer<Float>, accumulates: Bool
  ) {
    var job = dataJob
    (job.x, job.w, job.target, job.accumulate) = (dy, transposed, dx, accumulates ? 1 : 0)
    convolve(&job, pass, scratch)
  }

  func weightGradient(
    _ pass: Pass, _ scratch: UnsafeMutablePointer<Float>, x: UnsafePointer<Float>, dy: UnsafePointer<Float>,
    dw: UnsafeMutablePointer<Float>, accumulates: Bool
  ) {
    var job = weightJob
    (job.x, job.y, job.target, job.accumulate) = (x, dy, dw, accumulates ? 1 : 0)
    prepare(&job, pass, scratch, isWeights: true)
    forEachBlock(&job, pass) { $0.winograd_sums }
  }

  private func convolve(_ job: inout train_winograd_job, _ pass: Pass, _ scratch: UnsafeMutablePointer<Float>) {
    prepare(&job, pass, scratch, isWeights: false)
    if job.by_panels != 0 {
      forEachBlock(&job, pass) { $0.winograd_panels }
    } else {
      run(&job, pass, pass.kernels.winograd_filters)
      run(&job, pass, pass.kernels.winograd_tiles)
    }
  }

  private typealias Work = @convention(c) (UnsafePointer<train_winograd_job>?, Int32, Int32) -> Void

  private func forEachBlock(_ job: inout train_winograd_job, _ pass: Pass, _ work: (train_kernels) -> Work?) {
    let tiles = Int64(job.images) * Int64(job.tiles_down) * Int64(job.tiles_across)
    job.first = 0
    while job.first < tiles {
      job.count = min(job.block, tiles - job.first)
      run(&job, pass, pass.kernels.winograd_inputs)
      run(&job, pass, work(pass.kernels))
      job.first += job.count
    }
  }

  private func run(_ job: inout train_winograd_job, _ pass: Pass, _ work: Work?) {
    withUnsafePointer(to: &job) { job in
      pass.team.run { thread, threads in work?(job, thread, threads) }
    }
  }

  private func prepare(
    _ job: inout train_winograd_job, _ pass: Pass, _ scratch: UnsafeMutablePointer<Float>, isWeights: Bool
  ) {
    job.images = Int32(pass.images)
    scratch.update(repeating: 0, count: zeroCount)
    job.zeros = UnsafePointer(scratch)
    WinogradConvolution.place(&job, scratch + zeroCount, pass.kernels, isWeights, threads)
  }

  /// Decides how the work is cut and where its parts lie from `memory` on; the floats they take together.
  @discardableResult
  private static func place(
    _ job: inout train_winograd_job, _ memory: UnsafeMutablePointer<Float>?, _ kernels: train_kernels,
    _ isWeights: Bool, _ threads: Int
  ) -> Int {
    withUnsafePointer(to: kernels) { train_winograd_plan(&job, $0, isWeights ? 1 : 0, Int32(threads)) }
    var end = 0
    func part(_ count: Int64, times: Int = 1) -> UnsafeMutablePointer<Float>? {
      let start = memory.map { $0 + end }
      end += (Int(count) * times + 15) / 16 * 16
      return count > 0 ? start : nil
    }
    job.u = part(job.u_floats)
    job.v = part(job.v_floats)
    job.s = part(job.s_floats)
    job.m = part(job.m_floats, times: threads)
    return end
  }
}
