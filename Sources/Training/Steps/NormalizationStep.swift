import Kernels
import ModelGraph
import TrainingKernels

/// BatchNormalization, with the Add and Relu that often follow it: y = max(0, (x − μ)/√(σ² + ε) · γ + β + residual).
///
/// Training takes the batch's mean and (biased) variance and moves the running ones towards them: running ← momentum ·
/// running + (1 − momentum) · batch, the variance unbiased there, as PyTorch does. Ioffe and Szegedy, "Batch
/// Normalization" (2015). Operands: x, γ, β, residual (optional).
///
/// Where several ranks train together, the batch is all of theirs: its moments, and the two sums of the backward pass.
///
/// Where γ is frozen, it normalises by the running moments in training too, and leaves them alone.
final class NormalizationStep: Step {
  private let epsilon: Float
  private let momentum: Float
  private let rectifies: Bool
  private let mean: RunningStatistic
  private let variance: RunningStatistic
  /// Where what the backward pass reads again is kept in bfloat16.
  private let bfloat16: train_bf16_kernels?

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

  private var channels: Int { output.channels }
  private var hasResidual: Bool { operands.count > 3 }
  private var chunks: Int {
    (output.shape.count / max(channels, 1) + Int(TRAIN_NORM_CHUNK) - 1) / Int(TRAIN_NORM_CHUNK)
  }

  override var readsBackward: [Slot] {
    bfloat16 != nil ? [] : [input()] + (hasResidual && rectifies ? [output] : [])
  }
  override var narrows: Bool { bfloat16 != nil }
  override var readsNarrow: Bool { bfloat16 != nil }
  /// What nobody else makes a copy of it reads as it is and copies.
  override var readsFloat: Bool { !(readsNarrow && input().narrowMaker !== self) }
  override func readsNarrowIfAlone(_ index: Int) -> Bool { bfloat16 != nil && index == 3 }
  override var readsOutputNarrow: Bool { bfloat16 != nil && hasResidual && rectifies }
  override var takesNarrowGradient: Bool { bfloat16 != nil }
  override func givesNarrowGradient(_ index: Int) -> NarrowGiving {
    bfloat16 == nil ? .never : index == 0 ? .alone : index == 3 ? .first : .never
  }
  /// Batch mean, 1/√(σ² + ε), scale and shift.
  override var savedCount: Int { 4 * channels }
  override var scratchCount: Int { (3 * chunks + 3) * channels }
  override var passesThrough: Int? { hasResidual ? 3 : 0 }
  override var statistics: [RunningStatistic] { [mean, variance] }

  override func forward(_ pass: Pass) throws(GraphError) {
    guard let gamma = parameter(1), let beta = parameter(2) else { return }
    let rows = output.count(images: pass.images) / channels
    let x = pass.activation(input())
    let saved = savedMemory(pass)
    let (scale, shift) = (saved + 2 * channels, saved + 3 * channels)
    let takesMoments = pass.isTraining && gamma.learns
    let narrow = bfloat16.flatMap { _ in pass.narrow(input()) }
    let given = pass.isTraining && !readsFloat ? narrow : nil
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

  /// y from x by the scale and shift that are saved.
  private func apply(_ pass: Pass, _ residual: UnsafeMutablePointer<Float>?) {
    let rows = output.count(images: pass.images) / channels
    let (x, y, saved) = (pass.activation(input()), pass.activation(output), savedMemory(pass))
    let (scale, shift) = (saved + 2 * channels, saved + 3 * channels)
    pass.team.run { thread, threads in
      pass.kernels.norm_apply(
        x, residual, y, scale, shift, Int64(rows), Int32(channels), rectifies ? 1 : 0, thread, threads)
    }
  }

  /// Whether the output can be had again from what the backward pass reads.
  var canReproduce: Bool { bfloat16 == nil && !hasResidual }

  /// The forward pass's output once more, in the same place.
  func reproduce(_ pass: Pass) { apply(pass, nil) }

  /// Batch mean and 1/√(σ² + ε) into `saved`; the running statistics follow.
  private func takeMoments(
    _ pass: Pass, _ x: UnsafeRawPointer, _ rows: Int, _ saved: UnsafeMutablePointer<Float>
  ) throws(GraphError) {
    let chunk = Int(TRAIN_NORM_CHUNK)
    let allRows = pass.share.map { $0.images * output.count(images: 1) / channels } ?? rows
    guard allRows > 1 else {
      throw GraphError(.badInput, "batch normalisation needs more than one value per channel; take a larger batch")
        .at(place)
    }
    let partials = scratchMemory(pass, backward: false)
    let addUp = pass.isTraining && !readsFloat ? bfloat16?.norm_moments : pass.kernels.norm_moments
    pass.team.run { thread, threads in addUp?(x, Int64(rows), Int32(channels), partials, thread, threads) }
    func moments(_ c: Int) -> (mean: Double, spread: Double) {
      // Chan, Golub and LeVeque's rule for joining the moments of two parts, in double.
      var (count, mean, spread) = (0.0, 0.0, 0.0)
      for index in 0..<((rows + chunk - 1) / chunk) {
        let part = partials + index * 3 * channels
        let n = Double(min(chunk, rows - index * chunk))
        let sum = Double(part[channels + c])
        let partMean = Double(part[c]) + sum / n
        let partSpread = Double(part[2 * channels + c]) - sum * sum / n
        let delta = partMean - mean
        mean += delta * n / (count + n)
        spread += partSpread + delta * delta * count * n / (count + n)
        count += n
      }
      return (mean, spread)
    }
    let count = Double(allRows)
    func take(_ c: Int, _ mean: Double, _ spread: Double, _ means: inout [Float], _ variances: inout [Float]) {
      let batchVariance = max(spread, 0) / count
      saved[c] = Float(mean)
      saved[channels + c] = Float(1 / (batchVariance + Double(epsilon)).squareRoot())
      let share = 1 - momentum
      means[c] = momentum * means[c] + share * Float(mean)
      variances[c] = momentum * variances[c] + share * Float(max(spread, 0) / (count - 1))
    }
    guard let share = pass.share else {
      for c in 0..<channels {
        let (mean, spread) = moments(c)
        take(c, mean, spread, &self.mean.numbers, &variance.numbers)
      }
      return
    }
    // Sums of x − k and of its square, with the running mean as k: near enough to the mean that nothing is lost.
    var means = self.mean.pending ?? self.mean.numbers
    var variances = variance.pending ?? variance.numbers
    let centres = means.map { Double($0) }
    var sums = [Double](repeating: 0, count: 2 * channels)
    for c in 0..<channels {
      let (mean, spread) = moments(c)
      let distance = mean - centres[c]
      sums[c] = distance * Double(rows)
      sums[channels + c] = spread + distance * distance * Double(rows)
    }
    share.ranks.sum(&sums)
    for c in 0..<channels {
      let distance = sums[c] / count
      take(c, centres[c] + distance, sums[channels + c] - sums[c] * distance, &means, &variances)
    }
    (self.mean.pending, variance.pending) = (means, variances)
  }

  override func backward(_ pass: Pass) throws(GraphError) {
    guard let gamma = parameter(1), let beta = parameter(2) else { return }
    let rows = output.count(images: pass.images) / channels
    let takesMoments = pass.isTraining && gamma.learns
    let dy = pass.rawGradient(output)
    let isNarrow: Int32 = output.gradientIsNarrow ? 1 : 0
    let x = bfloat16 == nil ? UnsafeRawPointer(pass.activation(input())) : UnsafeRawPointer(pass.narrow(input()))
    let saved = savedMemory(pass)
    let (mean, inverse, scale, shift) = (saved, saved + channels, saved + 2 * channels, saved + 3 * channels)
    let partials = scratchMemory(pass, backward: true)
    // With a residual the mask comes from the output and is applied in place, since the residual wants it too.
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
    // Over all ranks' rows; the gradients of γ and β are of this rank's alone, as all parameters' are.
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
      // Running moments are constants: a · g alone.
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

  private func set(_ target: UnsafeMutablePointer<Float>, _ value: Float, _ mode: Mode) {
    switch mode {
    case .write, .inPlace: target.pointee = value
    case .accumulate: target.pointee += value
    case .unwanted: return
    }
  }
}

extension Pass {
  /// The gradient of an operand that is the output's gradient unchanged.
  func passOn(_ dy: UnsafeMutablePointer<Float>, to slot: Slot, _ mode: Step.Mode) {
    guard mode == .write || mode == .accumulate else { return }
    let dx = gradient(slot)
    team.runRanges(slot.count(images: images)) { first, count in
      kernels.scale(dy + first, dx + first, 1, mode == .accumulate ? 1 : 0, count)
    }
  }
}
