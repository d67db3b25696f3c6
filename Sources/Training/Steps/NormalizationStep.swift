import Kernels
import ModelGraph
import TrainingKernels

/// BatchNormalization and the Add and Relu that often follow it: y = max(0, (x − μ)/√(σ² + ε) · γ + β + residual).
/// Ioffe and Szegedy, "Batch Normalization" (2015).
///
/// Operands: x, γ, β, residual (optional).
///
/// Training normalises by the batch's mean and biased variance. It moves the running statistics towards them, as PyTorch
/// does: running ← momentum · running + (1 − momentum) · batch, with the unbiased variance. With several ranks, the moments
/// and the sums of the backward pass are those of the whole batch on all ranks.
///
/// If γ is frozen, training normalises by the running statistics and does not change them.
final class NormalizationStep: Step, Bfloat16Step {
  let epsilon: Float
  let momentum: Float
  let rectifies: Bool
  let mean: RunningStatistic
  let variance: RunningStatistic
  /// Kernels of mixed-precision training: the backward pass then reads bf16 activations. nil in float.
  let bfloat16: train_bf16_kernels?

  init(
    place: String, operands: [Operand?], output: Slot, epsilon: Float, momentum: Float, rectifies: Bool,
    mean: RunningStatistic, variance: RunningStatistic, bfloat16: train_bf16_kernels?
  ) {
    self.epsilon = epsilon
    self.momentum = momentum
    self.rectifies = rectifies
    self.mean = mean
    self.variance = variance
    self.bfloat16 = bfloat16
    let kind = "BatchNormalization" + (operands.count > 3 ? " + Add" : "") + (rectifies ? " + Relu" : "")
    super.init(place: place, kind: kind, operands: operands, output: output)
  }

  var channels: Int { output.channels }
  var hasResidual: Bool { operands.count > 3 }
  private var chunks: Int {
    (output.shape.count / max(channels, 1) + Int(TRAIN_NORM_CHUNK) - 1) / Int(TRAIN_NORM_CHUNK)
  }

  var bfloat16Operands: Bfloat16Operands? {
    guard bfloat16 != nil else { return nil }
    return Bfloat16Operands(
      input: .bfloat16OfAnother, otherInputs: [3], readsOutput: hasResidual && rectifies, writesOutput: true,
      readsOutputGradient: true, gradients: [0: .ifAlone, 3: .ifFirst])
  }

  override var readsBackward: [Slot] {
    bfloat16 != nil ? [] : [input()] + (hasResidual && rectifies ? [output] : [])
  }
  /// Four numbers a channel: the mean, 1/√(σ² + ε), scale and shift.
  override var savedCount: Int { 4 * channels }
  override var scratchCount: Int { (3 * chunks + 3) * channels }
  override var passesThrough: Int? { hasResidual ? 3 : 0 }
  override var statistics: [RunningStatistic] { [mean, variance] }

  override func forward(_ pass: Pass) throws {
    guard let gamma = parameter(1), let beta = parameter(2) else { return }
    let rows = output.count(images: pass.images) / channels
    let x = pass.activation(input())
    let saved = savedMemory(pass)
    let (scale, shift) = (saved + 2 * channels, saved + 3 * channels)
    let takesMoments = pass.isTraining && gamma.learns
    let narrow = bfloat16.flatMap { _ in pass.narrow(input()) }
    let given = pass.isTraining && !readsFloatInput ? narrow : nil
    if takesMoments { try takeMoments(pass, given.map { UnsafeRawPointer($0) } ?? UnsafeRawPointer(x), rows, saved) }
    for c in 0..<channels {
      if !takesMoments {
        saved[c] = self.mean.numbers[c]
        saved[channels + c] = 1 / (variance.numbers[c] + epsilon).squareRoot()
      }
      let (mean, inverse) = (saved[c], saved[channels + c])
      scale[c] = pass.weights(gamma)[c] * inverse
      shift[c] = pass.weights(beta)[c] - mean * scale[c]
    }
    let residual = hasResidual ? pass.activation(input(3)) : nil
    if let bfloat16 {
      let narrowY = output.narrowMaker === self ? pass.narrow(output) : nil
      let y = !pass.isTraining || output.isReadAsFloat ? pass.activation(output) : nil
      let narrowResidual = pass.isTraining && hasResidual && !input(3).isReadAsFloat ? pass.narrow(input(3)) : nil
      pass.team.run { thread, threads in
        bfloat16.norm_apply(
          given.map { UnsafeRawPointer($0) } ?? UnsafeRawPointer(x), given == nil ? 0 : 1,
          narrowResidual.map { UnsafeRawPointer($0) } ?? residual.map { UnsafeRawPointer($0) },
          narrowResidual == nil ? 0 : 1, y, given == nil ? narrow : nil, narrowY, scale, shift, Int64(rows),
          Int32(channels), rectifies ? 1 : 0, thread, threads)
      }
      return
    }
    apply(pass, residual)
  }

  /// Computes y from x by the saved scale and shift.
  private func apply(_ pass: Pass, _ residual: UnsafeMutablePointer<Float>?) {
    let rows = output.count(images: pass.images) / channels
    let (x, y, saved) = (pass.activation(input()), pass.activation(output), savedMemory(pass))
    let (scale, shift) = (saved + 2 * channels, saved + 3 * channels)
    pass.team.run { thread, threads in
      pass.kernels.norm_apply(
        x, residual, y, scale, shift, Int64(rows), Int32(channels), rectifies ? 1 : 0, thread, threads)
    }
  }

  /// Whether the output can be recomputed from what the backward pass keeps anyway.
  var canReproduce: Bool { bfloat16 == nil && !hasResidual }

  /// Recomputes the forward pass's output in the same place.
  func reproduce(_ pass: Pass) { apply(pass, nil) }

  override func backward(_ pass: Pass) throws {
    guard let gamma = parameter(1), let beta = parameter(2) else { return }
    let rows = output.count(images: pass.images) / channels
    let takesMoments = pass.isTraining && gamma.learns
    if takesMoments, isOfFew(pass, rows) {
      backwardOfFew(pass, gamma, beta)
      if hasResidual { passOnResidual(pass) }
      return
    }
    let dy = pass.rawGradient(output)
    let isNarrow: Int32 = output.gradientIsNarrow ? 1 : 0
    let x = bfloat16 == nil ? UnsafeRawPointer(pass.activation(input())) : UnsafeRawPointer(pass.narrow(input()))
    let saved = savedMemory(pass)
    let (mean, inverse, scale, shift) = (saved, saved + channels, saved + 2 * channels, saved + 3 * channels)
    let partials = scratchMemory(pass, backward: true)
    // With a residual, the rectifier's mask comes from the output. It is applied to dy in place, because the residual's
    // gradient needs it too.
    let masksInPlace = hasResidual && rectifies
    let result = bfloat16 == nil ? UnsafeRawPointer(pass.activation(output)) : UnsafeRawPointer(pass.narrow(output))
    let y = masksInPlace ? result : nil
    let (addUp, gradient) =
      bfloat16.map { ($0.norm_gradient_sums, $0.norm_gradient) }
      ?? (pass.kernels.norm_gradient_sums, pass.kernels.norm_gradient)
    let fromInput: Int32 = rectifies && !hasResidual ? 1 : 0
    pass.team.run { thread, threads in
      addUp?(
        x, dy, y, masksInPlace ? dy : nil, mean, scale, shift, Int64(rows), Int32(channels), fromInput, isNarrow,
        partials, thread, threads)
    }
    let chunk = Int(TRAIN_NORM_CHUNK)
    let factors = partials + 3 * chunks * channels
    func sums(_ c: Int) -> (sum: Double, product: Double) {
      var (sum, product) = (0.0, 0.0)
      for index in 0..<((rows + chunk - 1) / chunk) {
        sum += Double(partials[index * 2 * channels + c])
        product += Double(partials[(index * 2 + 1) * channels + c])
      }
      return (sum, product)
    }
    // dx needs the sums of all ranks. The gradients of γ and β stay this rank's, like those of all parameters.
    var all: [Double] = []
    var allRows = rows
    if takesMoments, let share = pass.share {
      allRows = share.images * output.count(images: 1) / channels
      let own = (0..<channels).map { sums($0) }
      all = own.map { $0.sum } + own.map { $0.product }
      share.ranks.sum(&all)
    }
    for c in 0..<channels {
      var (sum, product) = sums(c)
      let inverse = Double(inverse[c])
      set(pass.gradient(beta) + c, Float(sum), modes[2])
      set(pass.gradient(gamma) + c, Float(product * inverse), modes[1])
      if !all.isEmpty { (sum, product) = (all[c], all[channels + c]) }
      // dx = γ/σ · (g − mean(g) − x̂ · mean(g · x̂)), as a · g + b · x + k.
      // Running statistics are constants: then dx = a · g.
      let a = Double(scale[c])
      let b = takesMoments ? -a * product * inverse * inverse / Double(allRows) : 0
      factors[c] = Float(a)
      factors[channels + c] = Float(b)
      factors[2 * channels + c] = takesMoments ? Float(-a * sum / Double(allRows) - b * Double(mean[c])) : 0
    }
    if modes[0] != .unwanted {
      let dx = pass.rawGradient(input())
      let target =
        input().gradientIsNarrow
        ? TRAIN_NORM_NARROW : modes[0] == .accumulate ? TRAIN_NORM_ADDS : TRAIN_NORM_WRITES
      pass.team.run { thread, threads in
        gradient?(
          x, dy, dx, factors, factors + channels, factors + 2 * channels, scale, shift, Int64(rows), Int32(channels),
          fromInput, isNarrow, target, thread, threads)
      }
    }
    if hasResidual { passOnResidual(pass) }
  }

  private func passOnResidual(_ pass: Pass) {
    let (mode, slot) = (modes[3], input(3))
    guard mode == .write || mode == .accumulate else { return }
    guard let bfloat16, output.gradientIsNarrow || slot.gradientIsNarrow else {
      pass.passOn(pass.gradient(output), to: slot, mode)
      return
    }
    let (count, adds): (Int, Int32) = (output.count(images: pass.images), mode == .accumulate ? 1 : 0)
    if slot.gradientIsNarrow {
      let (dy, dx) = (pass.gradient(output), pass.rawGradient(slot).assumingMemoryBound(to: UInt16.self))
      pass.team.run { thread, threads in bfloat16.narrow(dy, dx, count, thread, threads) }
    } else {
      let (dy, dx) = (pass.rawGradient(output).assumingMemoryBound(to: UInt16.self), pass.gradient(slot))
      pass.team.run { thread, threads in bfloat16.widen(dy, dx, adds, count, thread, threads) }
    }
  }

  func set(_ target: UnsafeMutablePointer<Float>, _ value: Float, _ mode: Mode) {
    switch mode {
    case .write, .inPlace: target.pointee = value
    case .accumulate: target.pointee += value
    case .unwanted: return
    }
  }
}
