import Foundation
import Imaging
import ModelGraph

/// The input of a training step.
public struct Batch: Sendable {
  /// Float32, normalised, of the shape that `Preprocessing.shape` says.
  public var images: Tensor
  public var labels: [Int32]
  /// The loader's items in this batch, by index.
  public var indices: [Int]
  /// With mixup: the other picture's label and this picture's weight, per picture. Empty without mixup.
  public var partners: [Int32] = []
  public var shares: [Float] = []
}

/// One of the nearly equal parts that every batch is divided into: the share of one rank.
public struct BatchPart: Sendable {
  public let index: Int
  public let count: Int

  public static let whole = BatchPart(0, of: 1)

  public init(_ index: Int, of count: Int) {
    self.index = index
    self.count = count
  }

  /// The rows of a batch of `count` pictures that belong to this part.
  public func range(of pictures: Int) -> Range<Int> {
    pictures * index / count..<pictures * (index + 1) / count
  }
}

/// Prefetches the batches of an epoch on worker threads.
///
/// The order and all random augmentation depend only on the seed, the epoch and the item, so the same seed gives the
/// same bytes whatever the number of workers. Pictures are decoded and resized once and kept if they fit into the
/// budget.
public final class BatchLoader {
  private let shared: Shared
  /// Batches of one epoch.
  public let batchesPerEpoch: Int

  /// - Parameters:
  ///   - dropLast: leave out an incomplete last batch (batch normalisation over few pictures is unreliable).
  ///   - mixup: blend pairs of pictures with weights from Beta(mixup, mixup); 0: none.
  ///   - draws: how many pictures of each class an epoch draws; nil: every picture once.
  ///   - part: produce only this part of each batch. All parts together are bit-identical to the whole batch.
  ///   - workers: threads; at least 1.
  ///   - byteBudget: maximum memory for decoded pictures.
  public init(
    items: [CellFolder.Item], preprocessing: Preprocessing, augmentation: Augmentation?, batchSize: Int, shuffle: Bool,
    dropLast: Bool, seed: UInt64, mixup: Double = 0, draws: ClassDraws? = nil, part: BatchPart = .whole, workers: Int,
    byteBudget: Int = 1 << 30
  ) {
    precondition(batchSize > 0, "a batch has at least one picture")
    let count = draws?.total ?? items.count
    batchesPerEpoch = dropLast ? count / batchSize : (count + batchSize - 1) / batchSize
    shared = Shared(
      items: items, preprocessing: preprocessing, augmentation: augmentation, batchSize: batchSize, shuffle: shuffle,
      seed: seed, mixup: mixup > 0 ? Mixup(alpha: mixup) : nil, draws: draws, part: part, batches: batchesPerEpoch,
      ahead: max(1, workers) + 2,
      byteBudget: byteBudget)
    for _ in 0..<max(1, workers) {
      let thread = Thread { [shared] in shared.work() }
      thread.start()
    }
  }

  deinit { shared.stop() }

  /// Decodes every picture now, on all processors, so that a broken picture is found before hours of training. If all
  /// pictures fit into the budget, later epochs read no files. Throws an error that describes the first twenty broken
  /// pictures.
  ///
  /// - Parameter progress: called with the number of pictures done, on any thread but never concurrently.
  public func preload(progress: @escaping @Sendable (Int) -> Void = { _ in }) throws {
    try shared.preload(progress)
  }

  /// The ``PictureHash`` of each item; empty before ``preload()``.
  public var hashes: [String] { shared.hashes }

  /// Pictures that are suspiciously dark; empty before ``preload()``.
  public var notes: PictureNotes { shared.notes }

  /// Starts an epoch at one of its batches; the rest of an earlier epoch is discarded.
  public func start(epoch: Int, at batch: Int = 0) { shared.start(epoch: epoch, at: batch) }

  /// The next batch, or nil at the end of the epoch. Throws if a picture cannot be read.
  public func next() throws -> Batch? { try shared.next() }
}

/// One picture of an epoch.
private struct Draw {
  let index: Int
  /// How often the epoch has drawn the picture before.
  let repetition: Int
}

/// State shared with the workers; it outlives the loader until the workers have stopped.
private final class Shared: @unchecked Sendable {  // all mutable state is accessed under `condition` only
  private let items: [CellFolder.Item]
  private let preprocessing: Preprocessing
  private let augmentation: Augmentation?
  private let batchSize: Int
  private let shuffle: Bool
  private let seed: UInt64
  private let mixup: Mixup?
  private let draws: ClassDraws?
  private let part: BatchPart
  private let batches: Int
  /// Maximum number of finished batches waiting for the consumer.
  private let ahead: Int
  private let store: PictureStore

  private let condition = NSCondition()
  private var stopped = false
  /// Number of calls of `start`: a worker's result for an earlier one is discarded.
  private var generation = 0
  private var epoch = 0
  private var order: [Draw] = []
  private var nextToMake = 0
  private var nextToTake = 0
  private var ready: [Int: Result<Batch, any Error>] = [:]

  init(
    items: [CellFolder.Item], preprocessing: Preprocessing, augmentation: Augmentation?, batchSize: Int, shuffle: Bool,
    seed: UInt64, mixup: Mixup?, draws: ClassDraws?, part: BatchPart, batches: Int, ahead: Int, byteBudget: Int
  ) {
    self.items = items
    self.preprocessing = preprocessing
    self.augmentation = augmentation?.isNone ?? true ? nil : augmentation
    self.batchSize = batchSize
    self.shuffle = shuffle
    self.seed = seed
    self.mixup = mixup
    self.draws = draws
    self.part = part
    self.batches = batches
    self.ahead = ahead
    store = PictureStore(items, preprocessing, crops: !(augmentation?.crops ?? false), byteBudget: byteBudget)
    nextToMake = batches  // nothing to do before `start`
    nextToTake = batches
  }

  func preload(_ progress: @escaping @Sendable (Int) -> Void) throws { try store.fill(progress: progress) }

  var hashes: [String] { store.hashes }
  var notes: PictureNotes { store.notes }

  func start(epoch: Int, at batch: Int) {
    let order = drawn(epoch)
    condition.lock()
    generation += 1
    self.epoch = epoch
    self.order = order
    nextToMake = batch
    nextToTake = batch
    ready = [:]
    condition.broadcast()
    condition.unlock()
  }

  /// The epoch's draws in order.
  private func drawn(_ epoch: Int) -> [Draw] {
    var pictures = draws?.pictures(items.map { $0.label }, epoch: epoch, seed: seed) ?? Array(items.indices)
    if shuffle {
      var random = RandomSource(seed: seed ^ 0x0DE5, stream: UInt64(epoch))
      random.shuffle(&pictures)
    }
    var times = [Int](repeating: 0, count: items.count)
    return pictures.map { index in
      times[index] += 1
      return Draw(index: index, repetition: times[index] - 1)
    }
  }

  func stop() {
    condition.lock()
    stopped = true
    condition.broadcast()
    condition.unlock()
  }

  func next() throws -> Batch? {
    condition.lock()
    defer { condition.unlock() }
    guard nextToTake < batches else { return nil }
    while true {
      if let result = ready.removeValue(forKey: nextToTake) {
        nextToTake += 1
        condition.broadcast()
        return try result.get()
      }
      condition.wait()
    }
  }

  func work() {
    condition.lock()
    while !stopped {
      guard nextToMake < batches, nextToMake < nextToTake + ahead else {
        condition.wait()
        continue
      }
      let number = nextToMake
      let (generation, epoch) = (generation, epoch)
      let batch = Array(order[(number * batchSize)..<min((number + 1) * batchSize, order.count)])
      nextToMake += 1
      condition.unlock()
      let result = Result { try make(batch, epoch, number) }
      condition.lock()
      if generation == self.generation {
        ready[number] = result
        condition.broadcast()
      }
    }
    condition.unlock()
  }

  private func make(_ draws: [Draw], _ epoch: Int, _ number: Int) throws -> Batch {
    let own = part.range(of: draws.count)
    guard let mixup else { return try plain(Array(draws[own]), epoch) }
    var random = RandomSource(seed: seed ^ 0x313C, stream: UInt64(epoch) << 32 | UInt64(number))
    let blend = mixup.draw(draws.count, random: &random)
    // This part's pictures, followed by their mixup partners from other parts.
    let rows = Array(own) + Set(own.map { blend.order[$0] }).subtracting(own).sorted()
    var batch = try plain(rows.map { draws[$0] }, epoch)
    try blend.apply(to: &batch, rows: rows, own: own.count)
    return batch
  }

  private func plain(_ draws: [Draw], _ epoch: Int) throws -> Batch {
    var images = try Tensor(zeros: preprocessing.shape(draws.count))
    let step = preprocessing.floatsPerPicture
    for (slot, draw) in draws.enumerated() {
      var picture = try store.picture(draw.index)
      if let augmentation {
        // A random stream per epoch, item and repetition, independent of the worker.
        let stream = UInt64(draw.repetition) << 50 ^ UInt64(epoch) << 32 ^ UInt64(draw.index)
        var random = RandomSource(seed: seed, stream: stream)
        if picture.width != preprocessing.width || picture.height != preprocessing.height {
          let (room, depth) = (picture.width - preprocessing.width, picture.height - preprocessing.height)
          let (left, top) = (random.index(below: room + 1), random.index(below: depth + 1))
          picture = picture.cut(left: left, top: top, width: preprocessing.width, height: preprocessing.height)
        }
        picture = augmentation.apply(to: picture, random: &random)
      }
      images.withMutableElements(Float.self) { all in
        let planes = UnsafeMutableBufferPointer(rebasing: all[(slot * step)..<((slot + 1) * step)])
        picture.pixels.withUnsafeBufferPointer { preprocessing.normalize($0, into: planes) }
      }
    }
    return Batch(
      images: images, labels: draws.map { Int32(items[$0.index].label) }, indices: draws.map { $0.index })
  }
}
