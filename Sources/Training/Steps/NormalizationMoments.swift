import ModelGraph
import TrainingKernels

extension NormalizationStep {
  /// Writes the batch mean and 1/√(σ² + ε) to `saved` and updates the running statistics.
  func takeMoments(
    _ pass: Pass, _ x: UnsafeRawPointer, _ rows: Int, _ saved: UnsafeMutablePointer<Float>
  ) throws {
    let chunk = Int(TRAIN_NORM_CHUNK)
    let allRows = pass.share.map { $0.images * output.count(images: 1) / channels } ?? rows
    guard allRows > 1 else {
      throw TrainingError.oneValuePerChannel(place)
    }
    let partials = scratchMemory(pass, backward: false)
    let addUp = pass.isTraining && !readsFloatInput ? bfloat16?.norm_moments : pass.kernels.norm_moments
    let isFew = isOfFew(pass, rows)
    if !isFew {
      pass.team.run { thread, threads in addUp?(x, Int64(rows), Int32(channels), partials, thread, threads) }
    }
    func moments(_ c: Int) -> (mean: Double, spread: Double) {
      if isFew { return Self.moments(x.assumingMemoryBound(to: Float.self), c, channels, rows) }
      // The rule of Chan, Golub and LeVeque for the moments of two parts together, in double.
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
    // Sums of x − k and of (x − k)² with the running mean as k: close enough to the mean that no precision is lost.
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
}
