import Reports
import Testing

@Suite struct EpochTableTests {
  private let result = EpochResult(
    epoch: 3, trainLoss: 0.25, validLoss: 0.1875, accuracy: 0.9625, seconds: 24.4, picturesPerSecond: 212.44,
    waiting: 0.0123)

  @Test func fastaisColumns() {
    #expect(EpochTable.header == "epoch  train_loss  valid_loss  accuracy  time     images/s")
    #expect(EpochTable.line(result) == "3      0.250000    0.187500    0.962500  00:24    212.4")
  }

  /// Losses of a diverging run: columns stay separated by a blank.
  @Test(arguments: [12_345.678, 1.5e12, 3e300, 99_999.99, -2e20]) func hugeLosses(_ loss: Double) {
    var huge = result
    (huge.trainLoss, huge.validLoss, huge.picturesPerSecond) = (loss, loss, 1e9)
    let columns = EpochTable.line(huge).split(separator: " ")
    #expect(columns.count == 6)
    let read = Double(columns[1]) ?? .nan
    #expect(abs(read / loss - 1) < 1e-3)
    #expect(columns[1] == columns[2] && columns[3] == "0.962500")
  }

  @Test func durations() {
    #expect(EpochTable.duration(0) == "00:00")
    #expect(EpochTable.duration(59.6) == "01:00")
    #expect(EpochTable.duration(3723) == "1:02:03")
    #expect(EpochTable.duration(.nan) == "00:00")
  }

  @Test func history() {
    let text = HistoryFile.text([result])
    #expect(
      text == """
        epoch,train_loss,valid_loss,accuracy
        3,0.25,0.1875,0.9625

        """)
    #expect(HistoryFile.times([result]) == "epoch,seconds,images_per_second,waiting\n3,24.40,212.4,0.0123\n")
  }

  @Test func historyWithPrecision() {
    var later = result
    (later.epoch, later.averagePrecision) = (4, 0.875)
    let text = HistoryFile.text([result, later])
    #expect(
      text == """
        epoch,train_loss,valid_loss,accuracy,average_precision
        3,0.25,0.1875,0.9625,
        4,0.25,0.1875,0.9625,0.875

        """)
    #expect(HistoryFile.read(text).map { $0.averagePrecision } == [nil, 0.875])
    #expect(HistoryFile.read(text.replacing("0.875", with: "nan")).map { $0.averagePrecision } == [nil, nil])
  }

  /// The loss of a rare class is lost in that of the others.
  @Test func bestEpochs() {
    func epoch(_ number: Int, _ loss: Double, _ precision: Double?) -> EpochResult {
      EpochResult(
        epoch: number, trainLoss: 1, validLoss: loss, accuracy: 0.5, averagePrecision: precision, seconds: 1,
        picturesPerSecond: 1)
    }
    func best(_ history: [EpochResult]) -> Int? { EpochResult.best(of: history)?.epoch }
    #expect(best([]) == nil)
    #expect(best([epoch(0, 0.3, nil), epoch(1, 0.2, nil), epoch(2, 0.2, nil), epoch(3, 0.4, nil)]) == 1)
    #expect(best([epoch(0, 0.1, 0.7), epoch(1, 0.2, 0.9), epoch(2, 0.3, 0.9), epoch(3, 0.1, 0.8)]) == 2)
  }

  @Test func progress() {
    var line = ProgressLine(
      epoch: 2, epochs: 8, done: 34, total: 68, picturesPerSecond: 212.44, secondsLeft: 72, loss: 0.21345,
      phase: "train")
    let bar = String(repeating: "█", count: 12) + String(repeating: "·", count: 12)
    #expect(
      line.text == "\r\u{1B}[K3/8 train ▕\(bar)▏ 34/68  212.4 images/s  loss 0.2134  01:12 left"
        || line.text == "\r\u{1B}[K3/8 train ▕\(bar)▏ 34/68  212.4 images/s  loss 0.2135  01:12 left")
    line.picturesPerSecond = 0
    line.loss = .nan
    line.secondsLeft = .infinity
    #expect(line.text == "\r\u{1B}[K3/8 train ▕\(bar)▏ 34/68")
  }

  /// Impossible values from a corrupted or manipulated file, which would break the plots' scales.
  @Test(arguments: ["nan,1,0.5", "1,inf,0.5", "1,1,nan", "1,1,7", "1,1,-1", "1,1", "x,1,0.5"])
  func linesThatAreNoEpoch(_ numbers: String) {
    #expect(
      HistoryFile.read("epoch,train_loss,valid_loss,accuracy\n0,1e300,2,0.5\n1,\(numbers)\n").map { $0.epoch } == [0])
  }
}
