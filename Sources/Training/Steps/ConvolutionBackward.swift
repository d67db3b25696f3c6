import Kernels
import ModelGraph
import TrainingKernels

/// The gradients of a convolution: by its input, its weights and its bias.
extension ConvolutionStep {
  /// The output gradient as bf16, rounded here if it is float; nil if float kernels read it.
  func narrowOutputGradient(_ pass: Pass) -> UnsafeRawPointer? {
    if output.gradientIsNarrow { return UnsafeRawPointer(pass.gradient(output)) }
    guard let bfloat16, narrowsOutputGradient else { return nil }
    let memory = UnsafeMutableRawPointer(bfloat16Memory(pass) + bfloat16.weightScratch)
      .assumingMemoryBound(to: UInt16.self)
    bfloat16.narrow(pass.gradient(output), count: output.count(images: pass.images), pass, into: memory)
    return UnsafeRawPointer(memory)
  }

  private func bfloat16Memory(_ pass: Pass) -> UnsafeMutablePointer<Float> {
    scratchMemory(pass, backward: true) + gradientScratch
  }

  func biasGradient(_ pass: Pass, _ bias: Parameter) {
    let (dy, sums) = (pass.gradient(output), pass.gradient(bias))
    let rows = Int64(pass.images * geometry.plane.outputCount)
    let adds: Int32 = modes[2] == .accumulate ? 1 : 0
    pass.team.run { thread, threads in
      pass.kernels.column_sums(dy, rows, Int32(geometry.filters), sums, adds, thread, threads)
    }
  }

  /// - Parameter narrowed: the output gradient as bf16, if the kernels read that.
  func dataGradient(_ pass: Pass, _ w: Parameter, _ narrowed: UnsafeRawPointer?) {
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
          bfloat16.convolveTransposed(&job, pass, weights: from, in: bfloat16Memory(pass))
        } else {
          convolve(&job, pass)
        }
      }
    }
  }

  func weightGradient(_ pass: Pass, _ w: Parameter, _ narrowed: UnsafeRawPointer?) {
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
}
