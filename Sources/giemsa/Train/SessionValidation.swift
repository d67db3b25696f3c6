import Foundation
import ModelGraph
import Training

extension TrainingSession {
  /// Mean cross-entropy and accuracy on the validation pictures; nil after Ctrl-C.
  func validate(_ interruption: Interruption) throws -> (loss: Double, accuracy: Double)? {
    var loss = 0.0
    var correct = 0
    var steps = 0
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
          loss += log(row.reduce(0) { $0 + exp($1 - most) }) + most - row[Int(label)]
          if row.firstIndex(of: most) == Int(label) { correct += 1 }
        }
      }
      steps += 1
      line.update(progress.epoch, .valid, steps, loss: .nan)
      if interruption.isAsked, steps < validLoader.batchesPerEpoch { return nil }
    }
    if let ranks {
      var sums = [loss, Double(correct)]
      ranks.sum(&sums)
      if ranks.isBroken { throw RankLost() }
      (loss, correct) = (sums[0], Int(sums[1]))
    }
    let count = Double(bench.split.valid.count)
    // If weights overflow in the last step of an epoch, no training step notices.
    guard loss.isFinite else { throw diverged() }
    return (loss / count, Double(correct) / count)
  }
}
