import ModelGraph

/// A value of the graph in the training plan: where its activation and its gradient lie, and in which layout and type.
///
/// Values of rank 3 and more lie channels-last, `[N, (H,) W, C]`; all others in ONNX's order.
final class Slot {
  let name: String
  /// ONNX's shape for the full batch.
  let shape: Shape
  /// Whether axis 0 counts pictures. A smaller batch then uses the front of the memory.
  let isBatched: Bool
  var activation: Region
  /// nil if no parameter upstream learns.
  var gradient: Region?
  /// Whether a parameter upstream learns.
  var learns = false
  /// Whether the activation is recomputed for the backward pass: see ``Recomputation``.
  var isReproduced = false
  /// The bf16 copy of the activation, if there is one, and the step that writes it: see ``NarrowCopies``.
  var narrow: Region?
  weak var narrowMaker: Step?
  /// Whether some step reads the float activation while training.
  var isReadAsFloat = true
  /// Whether the gradient is bf16.
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
  /// Positions of one picture: the product of the axes after the channels.
  var pixels: Int { shape.rank > 2 ? shape.extents[2...].reduce(1, *) : 1 }
}
