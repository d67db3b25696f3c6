import Foundation
import Imaging

/// Synthetic cells for demos and tests: a folder like the NIH malaria set's, with the classes Parasitized and
/// Uninfected and names that show a slide (`S1-03_IMG_cell_17.png`: the third slide of seed 1).
///
/// The cells are drawn by rules. A network learns the look of a ring form from them, not medicine.
public struct Synthesizer: Sendable {
  public static let classes = ["Parasitized", "Uninfected"]

  public let count: Int
  public let size: Int
  public let seed: UInt64
  private let stains: [SlideStain]

  /// - Parameters:
  ///   - count: total number of pictures, half of them (rounded up) parasitized.
  ///   - size: pixels per side, 16 to 1024.
  public init(count: Int, size: Int, seed: UInt64) throws {
    guard count >= 2, count <= 1_000_000 else {
      throw DatasetError("\(count) pictures: the number must be from 2 to 1000000")
    }
    guard size >= 16, size <= 1024 else { throw DatasetError("\(size) pixels: the size must be from 16 to 1024") }
    self.count = count
    self.size = size
    self.seed = seed
    let slides = min(max(count / 15, 6), 200)
    stains = (0..<slides).map { slide in
      var random = RandomSource(seed: seed, stream: UInt64(slide))
      return SlideStain(random: &random)
    }
  }

  /// The picture with one index, and its file name: `Parasitized/S1-03_IMG_cell_17.png`. Slides of another seed have
  /// other names and other stains.
  public func cell(_ index: Int) -> (file: String, picture: Picture) {
    var random = RandomSource(seed: seed, stream: 1 << 32 | UInt64(index))
    let infected = index % 2 == 0
    let slide = random.index(below: stains.count)
    var painter = CellPainter(size: size, stain: stains[slide], random: random)
    let number = "\(slide + 1)"
    let name = "S\(seed)-\(String(repeating: "0", count: max(0, 2 - number.count)))\(number)_IMG_cell_\(index + 1).png"
    return ("\(Synthesizer.classes[infected ? 0 : 1])/\(name)", painter.paint(infected: infected))
  }

  /// Writes all pictures below `folder`, whose class folders must be empty so that sets do not mix.
  public func write(to folder: String, progress: @Sendable (Int) -> Void = { _ in }) throws {
    for name in Synthesizer.classes { try makeEmptyFolder("\(folder)/\(name)", in: folder) }
    _ = try writeDrawnPictures(count, progress: progress) { index in
      let (file, picture) = cell(index)
      return ("\(folder)/\(file)", picture, ())
    }
  }
}
