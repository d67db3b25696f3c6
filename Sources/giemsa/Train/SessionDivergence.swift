import Foundation
import Training

extension TrainingSession {
  /// The message for a loss that is no longer a number.
  func diverged() -> CommonFailure {
    line.erase()
    let saved = settings.results.bestEpoch.map { " Epoch \($0) is saved in \(out)." } ?? ""
    if saved.isEmpty, isFirst { folder.removeIfEmpty() }
    // The step before is the cause: it made the weights that fail now.
    let rate = schedules.last?.values(at: max(network.stepCount - 1, 0)).rate ?? 0
    let cause = network.largestGradient.map {
      let size = $0.size.isNaN ? "not a number" : String(format: "%.3g", $0.size)
      return "; the step before had a rate of \(String(format: "%.3g", rate)) and its largest gradient, \(size), in "
        + $0.parameter
    }
    return CommonFailure(
      "the loss is no longer a number (epoch \(progress.epoch), step \(network.stepCount + 1)\(cause ?? "")): "
        + "lower --lr, now \(settings.rate).\(saved)")
  }
}
