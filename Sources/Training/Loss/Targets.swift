/// The wanted answers for a batch.
public struct Targets: Sendable {
  /// Class indices.
  public var labels: [Int32]
  /// With mixup: the class of each picture's partner, and the picture's own share. Empty: no mixup.
  public var partners: [Int32] = []
  public var shares: [Float] = []
  /// Probability that is taken from the right class and spread evenly over all: label smoothing, Szegedy et al.,
  /// "Rethinking the Inception Architecture" (2015).
  public var smoothing: Float = 0
  /// Weight of each class in the loss. Empty: all the same.
  public var classWeights: [Float] = []

  public init(_ labels: [Int32]) { self.labels = labels }

  func check(pictures: Int, classes: Int) throws(TrainingError) {
    guard labels.count == pictures, partners.count == shares.count,
      partners.isEmpty || partners.count == labels.count,
      classWeights.isEmpty || classWeights.count == classes
    else { throw .labels(given: labels.count, pictures: pictures) }
    if let wrong = (labels + partners).first(where: { $0 < 0 || Int($0) >= classes }) {
      throw .label(wrong, classes: classes)
    }
  }

  /// The wanted probabilities of one row, multiplied by the class weights.
  func row(_ row: Int, into wanted: inout [Double]) {
    let even = Double(smoothing) / Double(wanted.count)
    for column in wanted.indices { wanted[column] = even }
    let share = shares.isEmpty ? 1 : Double(shares[row])
    let sure = 1 - Double(smoothing)
    wanted[Int(labels[row])] += sure * share
    if !partners.isEmpty { wanted[Int(partners[row])] += sure * (1 - share) }
    for (column, weight) in classWeights.enumerated() { wanted[column] *= Double(weight) }
  }
}
