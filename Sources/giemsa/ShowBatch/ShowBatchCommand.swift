import ArgumentParser
import Datasets
import Foundation
import Imaging
import ModelGraph
import PictureModels
import Text

struct ShowBatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show-batch",
    abstract: "Draws a sheet of pictures after augmentation, as the network sees them in training.",
    discussion: "Each class has its own frame colour; the classes are printed row by row.")

  @Argument(help: "The folder of pictures.") var data: String
  @Option(help: "The picture to write (PNG).") var out = "batch.png"
  @Option(help: "Pixels a side that pictures are resized to.") var size = 96
  @Option(help: "As for train.") var augment = AugmentationChoice.flips
  @Option(help: "Rows.") var rows = 4
  @Option(help: "Columns.") var columns = 6
  @Flag(help: "One picture per row, augmented anew in every column, instead of different pictures.") var same = false
  @Option(help: "Seed of the choice and the augmentation.") var seed: UInt64 = 1
  @Option(help: "As for train.") var bits: Int?
  @OptionGroup var files: PictureFlags

  func validate() throws {
    try check(size, 16...1024, "--size")
    try check(rows, 1...64, "--rows")
    try check(columns, 1...64, "--columns")
    if let bits { try check(bits, ModelMetadata.Bound.bits, "--bits") }
  }

  func run() throws {
    try reporting {
      let cells = try CellFolder.listed(data)
      let chosen = CellFolder.evenly(cells.items, count: same ? rows : rows * columns)
      let items = same ? chosen.flatMap { [CellFolder.Item](repeating: $0, count: columns) } : chosen
      var metadata = ModelMetadata()
      // Mean 0 and std 1: the pixels keep their values, so nothing has to be undone.
      metadata.mean = [0, 0, 0]
      metadata.std = [1, 1, 1]
      metadata.bits = bits
      var preprocessing = try Preprocessing(metadata, inputShape: Shape([1, 3, size, size]))
      preprocessing.reading.limits = files.limits
      let loader = BatchLoader(
        items: items, preprocessing: preprocessing, augmentation: augment.augmentation, batchSize: items.count,
        shuffle: !same, dropLast: false, seed: seed, workers: 1, byteBudget: 0)
      loader.start(epoch: 0)
      guard let batch = try loader.next() else { throw CommandFailure("\(data): nothing to show") }
      try PNGFile.write(sheet(batch), to: out)
      for row in 0..<(items.count + columns - 1) / columns {
        let labels = batch.labels[row * columns..<min((row + 1) * columns, items.count)]
        Console.out(labels.map { cells.classes[Int($0)].printable }.joined(separator: "  "))
      }
      Console.out("\(out.printable): \(counted(items.count, "picture")) (\(augment.text))")
    }
  }

  private static let colors: [[UInt8]] = [
    [168, 66, 42], [42, 94, 168], [47, 125, 79], [150, 110, 20], [110, 60, 150], [60, 60, 60],
  ]

  /// Rows of pictures, each in a frame.
  private func sheet(_ batch: Batch) -> Picture {
    let (frame, gap) = (3, 5)
    let side = size + 2 * frame + gap
    let count = batch.labels.count
    let wide = min(columns, count)
    let (width, height) = (wide * side + gap, (count + columns - 1) / columns * side + gap)
    var pixels = [UInt8](repeating: 255, count: width * height * 3)
    let values = batch.images.array(of: Float.self)
    for (index, label) in batch.labels.enumerated() {
      let (left, top) = (index % columns * side + gap, index / columns * side + gap)
      let color = ShowBatchCommand.colors[Int(label) % ShowBatchCommand.colors.count]
      for y in 0..<size + 2 * frame {
        for x in 0..<size + 2 * frame {
          let isInside = x >= frame && y >= frame && x < size + frame && y < size + frame
          for channel in 0..<3 {
            let place = ((index * 3 + channel) * size + y - frame) * size + x - frame
            pixels[((top + y) * width + left + x) * 3 + channel] =
              isInside ? UInt8(min(max(values[place] * 255, 0), 255).rounded()) : color[channel]
          }
        }
      }
    }
    return Picture(width: width, height: height, pixels: pixels)
  }
}
