import ModelGraph

/// A value of the graph while training: where its activation and its gradient are, and how they lie there.
///
/// Values of rank 3 and more are kept channels-last, `[N, (H,) W, C]`; all others as ONNX has them.
final class Slot {
  let name: String
  /// ONNX's shape for the full batch.
  let shape: Shape
  /// Whether axis 0 counts pictures, so that a smaller batch uses the front of it.
  let isBatched: Bool
  var activation: Region
  /// nil where nothing upstream learns.
  var gradient: Region?
  /// Whether a parameter lies upstream.
  var learns = false
  /// Whether the activation is made again for the backward pass, see ``Recomputation``.
  var isReproduced = false
  /// A copy of the activation in bfloat16, where one is kept, and the step that makes it; see ``NarrowCopies``.
  var narrow: Region?
  weak var narrowMaker: Step?
  /// Whether a step needs the activation itself while training, too.
  var isReadAsFloat = true
  /// Whether the gradient is bfloat16.
  var gradientIsNarrow = false
  /// Floats that the gradient takes.
  var gradientCount: Int { gradientIsNarrow ? (shape.count + 1) / 2 : shape.count }

  init(name: String, shape: Shape, batch: Int) {
    self.name = name
    self.shape = shape
    isBatched = shape.rank > 0 && shape[0] == batch
    activation = Region(shape.count)
  }

  /// ONNX's shape for `images` pictures.
  func shape(images: Int) -> Shape {
    guard isBatched else { return shape }
    var shape = shape
    shape[0] = images
    return shape
  }

  func count(images: Int) -> Int { shape(images: images).count }

  var isChannelsLast: Bool { shape.rank >= 3 }
  /// Extent of axis 1.
  var channels: Int { shape.rank > 1 ? shape[1] : 1 }
  /// Positions of one picture: the product of the axes behind the channels.
  var pixels: Int { shape.rank > 2 ? shape.extents[2...].reduce(1, *) : 1 }
}
