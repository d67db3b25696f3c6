/// Decides when to write the state, which is three times as large as the model: as often as costs at most a twentieth of the
/// time.
struct SavingPace {
  private(set) var hasSaved = false
  private var last = ContinuousClock.now
  private var cost = Duration.zero

  /// For the end of an epoch.
  var isDue: Bool { !hasSaved || ContinuousClock.now - last > cost * 20 }
  /// For the time between two steps of an epoch.
  var isDueWithinEpoch: Bool { ContinuousClock.now - last > max(cost * 20, .seconds(60)) }

  mutating func saved(since start: ContinuousClock.Instant) {
    hasSaved = true
    last = .now
    cost = last - start
  }
}
