/// Where the pixels of a value lie whose channels are last. The steps that write and read the value share it, so that the planner
/// can move the value into a wider tensor after they are made.
final class Slice {
  /// Floats from the tensor's first pixel to the value's.
  private(set) var offset: Int
  /// Floats from pixel to pixel.
  private(set) var stride: Int

  init(offset: Int = 0, stride: Int) { (self.offset, self.stride) = (offset, stride) }

  func move(offset: Int, stride: Int) { (self.offset, self.stride) = (offset, stride) }
}
