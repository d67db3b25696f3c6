import Datasets
import Foundation
import Imaging
import TestSupport
import Testing

@Suite struct BatchLoaderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func items(_ count: Int) throws -> [CellFolder.Item] {
    return try (0..<count).map { index in
      try folder.write("\(index).png", noise(UInt64(index)))
      return CellFolder.Item(path: "\(folder.path)/\(index).png", label: index % 3, slide: "")
    }
  }

  private func loader(
    _ items: [CellFolder.Item], shuffle: Bool = true, dropLast: Bool = false, workers: Int = 2,
    byteBudget: Int = 1 << 30
  ) throws -> BatchLoader {
    BatchLoader(
      items: items, preprocessing: try preprocessing(side: 8), augmentation: .standard, batchSize: 4,
      shuffle: shuffle, dropLast: dropLast, seed: 9, workers: workers, byteBudget: byteBudget)
  }

  private func epoch(_ loader: BatchLoader, _ epoch: Int) throws -> [Batch] {
    loader.start(epoch: epoch)
    var batches: [Batch] = []
    while let batch = try loader.next() { batches.append(batch) }
    return batches
  }

  private func values(_ batches: [Batch]) -> [Float] { batches.flatMap { $0.images.array(of: Float.self) } }

  @Test func everyPictureOnceWithItsLabel() throws {
    let loader = try loader(try items(10))
    let batches = try epoch(loader, 0)
    #expect(loader.batchesPerEpoch == 3 && batches.map { $0.labels.count } == [4, 4, 2])
    #expect(batches.flatMap { $0.indices }.sorted() == Array(0..<10))
    for batch in batches {
      #expect(batch.images.shape == [batch.labels.count, 3, 8, 8])
      for (index, label) in zip(batch.indices, batch.labels) { #expect(Int(label) == index % 3) }
    }
  }

  // MARK: Draws

  private func drawing(_ items: [CellFolder.Item], _ draws: ClassDraws, part: BatchPart = .whole) throws -> BatchLoader
  {
    BatchLoader(
      items: items, preprocessing: try preprocessing(side: 8), augmentation: .standard, batchSize: 4, shuffle: true,
      dropLast: false, seed: 9, mixup: 0.4, draws: draws, part: part, workers: 2)
  }

  @Test func rareClassesAreDrawnMoreOften() throws {
    // Class 0 has pictures 0 to 1; class 1 has 2 to 11.
    var items = try items(12)
    for index in items.indices { items[index].label = index < 2 ? 0 : 1 }
    let loader = try drawing(items, ClassDraws([2, 10], least: 0.5))
    var times = [Int](repeating: 0, count: 12)
    for number in 0..<5 {
      let drawn = try epoch(loader, number).flatMap { $0.indices }
      #expect(drawn.count == 12 && drawn.count { $0 < 2 } == 6)
      for index in drawn { times[index] += 1 }
    }
    // 30 draws of each class: every picture as often as the others of its class.
    #expect(times == [15, 15] + [Int](repeating: 3, count: 10))
  }

  @Test func repetitionsAreAugmentedDifferently() throws {
    let items = Array(try items(2))
    let loader = BatchLoader(
      items: items, preprocessing: try preprocessing(side: 8), augmentation: .standard, batchSize: 8, shuffle: true,
      dropLast: false, seed: 9, draws: ClassDraws([1, 1, 0], least: 0, total: 8), workers: 1)
    let batch = try #require(try epoch(loader, 0).first)
    let pictures = batch.images.array(of: Float.self)
    let step = pictures.count / 8
    #expect(Set((0..<8).map { Array(pictures[($0 * step)..<(($0 + 1) * step)]) }).count > 6)
  }

  @Test func partsOfDrawnBatchesMakeTheWhole() throws {
    let items = try items(9)
    let draws = ClassDraws([3, 3, 3], least: 0.1, total: 14)
    let whole = try drawing(items, draws)
    let parts = try (0..<3).map { try drawing(items, draws, part: BatchPart($0, of: 3)) }
    whole.start(epoch: 1, at: 1)
    for part in parts { part.start(epoch: 1, at: 1) }
    #expect(whole.batchesPerEpoch == 4 && parts.allSatisfy { $0.batchesPerEpoch == 4 })
    while let batch = try whole.next() {
      let pieces = try parts.map { try #require(try $0.next()) }
      #expect(pieces.flatMap { $0.indices } == batch.indices)
      #expect(values(pieces) == batch.images.array(of: Float.self))
    }
  }

  @Test func anEpochCanBeginInItsMiddle() throws {
    let loader = try loader(try items(14))
    let whole = try epoch(loader, 2)
    loader.start(epoch: 2, at: 2)
    for batch in whole[2...] {
      let again = try #require(try loader.next())
      #expect(
        again.indices == batch.indices && again.images.array(of: Float.self) == batch.images.array(of: Float.self))
    }
    #expect(try loader.next() == nil)
  }

  @Test func sameBytesWhateverTheWorkersAndTheCache() throws {
    let items = try items(18)
    let one = try loader(items, workers: 1)
    let many = try loader(items, workers: 5)
    let forgetful = try loader(items, workers: 3, byteBudget: 0)
    for number in 0..<3 {
      let expected = try epoch(one, number)
      for other in [many, forgetful] {
        let found = try epoch(other, number)
        #expect(found.map { $0.indices } == expected.map { $0.indices })
        #expect(values(found) == values(expected))
      }
    }
    let first = try epoch(one, 0)
    #expect(values(first) == values(try epoch(many, 0)))
    #expect(first.map { $0.indices } != (try epoch(one, 1)).map { $0.indices })
  }

  @Test(arguments: [(0.0, 2), (0.4, 2), (0.4, 3), (0.0, 5)]) func partsTogetherAreTheWhole(
    _ mixup: Double, _ parts: Int
  ) throws {
    let items = try items(14)
    func loader(_ part: BatchPart) throws -> BatchLoader {
      BatchLoader(
        items: items, preprocessing: try preprocessing(side: 8), augmentation: .standard, batchSize: 4, shuffle: true,
        dropLast: false, seed: 9, mixup: mixup, part: part, workers: 2)
    }
    let whole = try epoch(try loader(.whole), 1)
    let found = try (0..<parts).map { try epoch(try loader(BatchPart($0, of: parts)), 1) }
    for (number, batch) in whole.enumerated() {
      let pieces = found.map { $0[number] }
      #expect(pieces.flatMap { $0.images.array(of: Float.self) } == batch.images.array(of: Float.self))
      #expect(pieces.flatMap { $0.labels } == batch.labels && pieces.flatMap { $0.indices } == batch.indices)
      #expect(pieces.flatMap { $0.partners } == batch.partners && pieces.flatMap { $0.shares } == batch.shares)
      for piece in pieces { #expect(piece.images.shape == [piece.labels.count, 3, 8, 8]) }
    }
  }

  @Test func inOrderWithoutShuffling() throws {
    let loader = try loader(try items(9), shuffle: false, dropLast: true)
    #expect(loader.batchesPerEpoch == 2)
    #expect(try epoch(loader, 4).flatMap { $0.indices } == Array(0..<8))
  }

  @Test func anEpochCanBeLeftEarly() throws {
    let loader = try loader(try items(16), shuffle: false)
    for number in 0..<20 {
      loader.start(epoch: number)
      #expect(try loader.next()?.indices == [0, 1, 2, 3])
    }
  }

  @Test func aBrokenPictureIsNamed() throws {
    var items = try items(6)
    items[3].path = "\(folder.path)/missing.png"
    let loader = try loader(items, shuffle: false)
    #expect(message { _ = try epoch(loader, 0) }.contains("missing.png"))
    #expect(message { try loader.preload() }.contains("missing.png"))
  }
}
