import ModelGraph

/// A value of the graph in the training plan: where its activation and its gradient lie, and in which layout and type.
///
/// Values of rank 3 and more lie channels-last, `[N, (H,) W, C]`, if pictures are along axis 0; all others in ONNX's order.
final class Slot {
  let name: String
  /// ONNX's shape for the full batch.
  let shape: Shape
  /// The axis along which pictures are, a picture or a fixed number of rows for each; nil for a value that does not depend
  /// on the pictures. A smaller batch has a smaller extent there, and uses the front of the memory.
  let batchAxis: Int?
  /// The axis's extent for one picture.
  private let rows: Int
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

  /// - Parameter other: the shape for another number of pictures; nil if only axis 0 can count them.
  init(name: String, shape: Shape, other: Shape?, batch: Int) {
    self.name = name
    self.shape = shape
    if let other, other.rank == shape.rank {
      batchAxis = shape.extents.indices.first { shape[$0] != other[$0] }
    } else {
      batchAxis = shape.rank > 0 && shape[0] == batch ? 0 : nil
    }
    rows = batchAxis.map { shape[$0] / batch } ?? 0
    activation = Region(shape.count)
  }

  /// ONNX's shape for `images` pictures.
  func shape(images: Int) -> Shape {
    guard let batchAxis else { return shape }
    var shape = shape
    shape[batchAxis] = rows * images
    return shape
  }

  /// Whether axis 0 counts pictures, as the kernels of pictures need it.
  var isBatched: Bool { batchAxis == 0 && rows == 1 }

  func count(images: Int) -> Int { shape(images: images).count }

  var isChannelsLast: Bool { shape.rank >= 3 && batchAxis ?? 0 == 0 }
  /// Extent of axis 1.
  var channels: Int { shape.rank > 1 ? shape[1] : 1 }
  /// Positions of one picture: the product of the axes after the channels.
  var pixels: Int { shape.rank > 2 ? shape.extents[2...].reduce(1, *) : 1 }
}
