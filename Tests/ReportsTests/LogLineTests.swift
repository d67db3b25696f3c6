import Reports
import Testing

@Suite struct LogLineTests {
  private let step = LogLine(
    epoch: 1, step: 34, loss: 0.25, rate: 1e-05, seconds: 0.3, picturesPerSecond: 213.33, waiting: 0.00125)
  private let epoch = LogLine(
    EpochResult(
      epoch: 1, trainLoss: 0.5, validLoss: 0.375, accuracy: 0.9625, seconds: 24.4, picturesPerSecond: 212.44), step: 50)

  @Test func asCSV() {
    #expect(step.csv == "step,1,34,0.25,,,1e-05,0.300,213.3,0.0013" || step.csv.hasSuffix(",0.0012"))
    #expect(epoch.csv == "epoch,1,50,0.5,0.375,0.9625,,24.400,212.4,")
    for line in [step, epoch] {
      #expect(
        line.csv.split(separator: ",", omittingEmptySubsequences: false).count
          == LogLine.csvHeader.split(separator: ",").count)
    }
  }

  @Test func asJSON() {
    #expect(
      epoch.json
        == #"{"kind":"epoch","epoch":1,"step":50,"train_loss":0.5,"valid_loss":0.375,"accuracy":0.9625,"#
        + #""seconds":24.400,"images_per_second":212.4}"#)
    #expect(step.json.contains(#""rate":1e-05,"#))
    #expect(!step.json.contains("accuracy"))
  }
}
