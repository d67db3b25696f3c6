import Foundation
import ModelGraph
import Reports
import Training

extension TrainingSession {
  /// What the network gives on the validation pictures.
  struct Validation {
    /// Mean cross-entropy.
    let loss: Double
    let accuracy: Double
    /// Of the positive class. Only runs that choose a threshold for it have one: others compare epochs by their loss.
    let averagePrecision: Double?
  }

  /// nil after Ctrl-C.
  func validate(_ interruption: Interruption) throws -> Validation? {
    var loss = 0.0
    var correct = 0
    var steps = 0
    let positive = settings.thresholdFor == nil ? nil : bench.positive?.index
    // By validation picture; those of other ranks are added.
    var chances = [Double](repeating: 0, count: positive == nil ? 0 : bench.split.valid.count)
    validLoader.start(epoch: progress.epoch)
    while let next = try validLoader.next() {
      let classes = bench.cells.classes.count
      // A small last batch may leave a rank without pictures.
      let logits = next.labels.isEmpty ? try Tensor([], [Float(0)]) : try network.logits(next.images)
      logits.withElements(Float.self) { scores in
        for (index, label) in next.labels.enumerated() {
          let row = scores[(index * classes)..<((index + 1) * classes)].map { Double($0) }
          // Without this, NaN scores would still yield a plausible accuracy.
          if !row.allSatisfy({ $0.isFinite }) { loss = .nan }
          let most = row.max() ?? 0
          let total = row.reduce(0.0) { $0 + exp($1 - most) }
          loss += log(total) + most - row[Int(label)]
          if row.firstIndex(of: most) == Int(label) { correct += 1 }
          if let positive { chances[next.indices[index]] = exp(row[positive] - most) / total }
        }
      }
      steps += 1
      line.update(progress.epoch, .valid, steps, loss: .nan)
      if interruption.isAsked, steps < validLoader.batchesPerEpoch { return nil }
    }
    if let ranks {
      var sums = [loss, Double(correct)] + chances
      ranks.sum(&sums)
      if ranks.isBroken { throw RankLost() }
      (loss, correct) = (sums[0], Int(sums[1]))
      chances = Array(sums[2...])
    }
    let count = Double(bench.split.valid.count)
    // If weights overflow in the last step of an epoch, no training step notices.
    guard loss.isFinite else { throw diverged() }
    let curves = positive.map { positive in
      ThresholdCurves(
        scores: chances, isPositive: bench.split.valid.map { bench.cells.items[$0].label == positive })
    }
    return Validation(
      loss: loss / count, accuracy: Double(correct) / count, averagePrecision: curves?.averagePrecision)
  }
}
