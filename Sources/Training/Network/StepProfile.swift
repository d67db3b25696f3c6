import Platform

/// Seconds spent in each kind of step.
struct StepProfile {
  private var times: [String: (forward: Double, backward: Double)] = [:]
  private var updates = 0.0
  private var waiting = 0.0

  mutating func forward(_ kind: String, since start: Double) {
    times[kind, default: (0, 0)].forward += platform_seconds() - start
  }

  mutating func backward(_ kind: String, since start: Double) {
    times[kind, default: (0, 0)].backward += platform_seconds() - start
  }

  mutating func update(since start: Double) { updates += platform_seconds() - start }
  mutating func wait(since start: Double) { waiting += platform_seconds() - start }

  /// One line for each kind, the longest time first.
  func lines(hasRanks: Bool) -> [TrainingNetwork.ProfileLine] {
    var lines = times.map {
      TrainingNetwork.ProfileLine(kind: $0.key, forward: $0.value.forward, backward: $0.value.backward)
    }
    lines.append(TrainingNetwork.ProfileLine(kind: "update", forward: 0, backward: updates))
    if hasRanks {
      lines.append(
        TrainingNetwork.ProfileLine(kind: "waiting for other ranks' gradients", forward: 0, backward: waiting))
    }
    return lines.sorted { ($1.forward + $1.backward, $0.kind) < ($0.forward + $0.backward, $1.kind) }
  }
}
