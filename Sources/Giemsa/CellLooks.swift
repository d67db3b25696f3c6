import ModelGraph
import PictureModels

/// Judges cells of one field in batches: each once, and those that may be infected again in the seven other orientations.
/// A cell has no up, so the mean of what the model says of all eight is more reliable than one answer.
struct CellLooks {
  /// A cell whose first look gives the class of infected cells less than this is not looked at again.
  private let least: Double
  private let looks: Int
  private let positive: Int
  /// Prepared pictures that wait for a full batch, and the place of each one's cell in `sums`.
  private var waiting: [(cell: Int, picture: Tensor, isFirst: Bool)] = []
  /// By cell, in the order in which they were added.
  private var sums: [[Double]] = []
  private var counts: [Int] = []

  /// - Parameters:
  ///   - looks: 1 or 8.
  ///   - least: of the probability of the class `positive`.
  init(looks: Int, positive: Int, least: Double) { (self.looks, self.positive, self.least) = (looks, positive, least) }

  /// The mean probabilities of each cell, once ``finish(_:)`` has returned.
  var probabilities: [[Double]] {
    var means = sums
    for cell in means.indices where counts[cell] > 1 {
      for index in means[cell].indices { means[cell][index] /= Double(counts[cell]) }
    }
    return means
  }

  /// - Parameter picture: prepared, a tensor of one.
  mutating func add(_ picture: Tensor, _ classifier: PictureClassifier) throws(ClassificationError) {
    waiting.append((sums.count, picture, true))
    sums.append([])
    counts.append(0)
    if waiting.count >= classifier.batch { try judge(classifier) }
  }

  mutating func finish(_ classifier: PictureClassifier) throws(ClassificationError) {
    while !waiting.isEmpty { try judge(classifier) }
  }

  /// Judges a batch, or all that wait if they are fewer.
  private mutating func judge(_ classifier: PictureClassifier) throws(ClassificationError) {
    let batch = Array(waiting.prefix(classifier.batch))
    waiting.removeFirst(batch.count)
    var pictures: [Tensor] = []
    for item in batch { pictures.append(item.picture) }
    let answers: [[Double]?]
    do { answers = try classifier.probabilities(pictures) } catch { throw .model(error) }
    for (item, answer) in zip(batch, answers) {
      guard let answer else { throw .notNumbers }
      counts[item.cell] += 1
      if sums[item.cell].isEmpty {
        sums[item.cell] = answer
      } else {
        for index in answer.indices { sums[item.cell][index] += answer[index] }
      }
      guard item.isFirst, looks > 1, answer[positive] >= least else { continue }
      for way in 1..<looks {
        do { waiting.append((item.cell, try item.picture.turned(way, classifier.interface.axes), false)) } catch {
          throw .model(error)
        }
      }
    }
  }
}

extension Tensor {
  /// A prepared picture in another of the eight orientations. Bit 0: left and right are swapped; bit 1: top and bottom;
  /// bit 2: rows and columns, if there are as many.
  fileprivate func turned(_ way: Int, _ axes: PictureAxes) throws(GraphError) -> Tensor {
    let (height, width) = (shape[axes.height], shape[axes.width])
    // Floats side by side that belong to one pixel, and how often the pixels are repeated.
    let (depth, planes) = axes.isChannelsLast ? (shape[axes.channel], 1) : (1, shape[axes.channel])
    var result = try Tensor(zeros: shape)
    withElements(Float.self) { source in
      result.withMutableElements(Float.self) { target in
        var out = 0
        for plane in 0..<planes {
          for y in 0..<height {
            for x in 0..<width {
              var (row, column) = way & 4 != 0 && height == width ? (x, y) : (y, x)
              if way & 1 != 0 { column = width - 1 - column }
              if way & 2 != 0 { row = height - 1 - row }
              let place = ((plane * height + row) * width + column) * depth
              for channel in 0..<depth { target[out + channel] = source[place + channel] }
              out += depth
            }
          }
        }
      }
    }
    return result
  }
}
