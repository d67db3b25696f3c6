/// The parameters of kernel calls at addresses that C can keep: each struct lives as long as this object.
final class KernelContexts {
  private var blocks: [UnsafeMutableRawPointer] = []

  /// A copy of `parameters` at an address that does not change.
  func keep<Parameters: BitwiseCopyable>(_ parameters: Parameters) -> UnsafeMutablePointer<Parameters> {
    let pointer = UnsafeMutablePointer<Parameters>.allocate(capacity: 1)
    pointer.initialize(to: parameters)
    blocks.append(UnsafeMutableRawPointer(pointer))
    return pointer
  }

  deinit {
    for block in blocks { block.deallocate() }
  }
}
