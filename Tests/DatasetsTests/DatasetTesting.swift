import Datasets
import Foundation
import Imaging
import ModelGraph
import PictureModels
import TestSupport

extension TemporaryFolder {
  func write(_ name: String, _ picture: Picture) throws { try PNGFile.write(picture, to: path(name)) }
}

/// A picture that is different for every `seed`.
func noise(_ seed: UInt64, width: Int = 12, height: Int = 12) -> Picture {
  var random = RandomSource(seed: seed)
  return Picture(
    width: width, height: height, pixels: (0..<(width * height * 3)).map { _ in UInt8(random.index(below: 256)) })
}

func preprocessing(side: Int) throws -> Preprocessing {
  var metadata = ModelMetadata()
  metadata.mean = [0, 0, 0]
  metadata.std = [1, 1, 1]
  return try Preprocessing(metadata, inputShape: [1, 3, side, side])
}

func message(_ body: () throws -> Void) -> String {
  do {
    try body()
    return ""
  } catch { return "\(error)" }
}
