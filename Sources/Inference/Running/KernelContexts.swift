/// The parameters of kernel calls at addresses that C can keep: each struct lives as long as this object.
final class KernelContexts {
  private var blocks: [UnsafeMutableRawPointer] = []

  /// A copy of a struct of C's at an address that does not change.
  func keep(_ parameters: UnsafeRawBufferPointer) -> UnsafeMutableRawPointer {
    let copy = UnsafeMutableRawPointer.allocate(byteCount: parameters.count, alignment: 16)
    UnsafeMutableRawBufferPointer(start: copy, count: parameters.count).copyMemory(from: parameters)
    blocks.append(copy)
    return copy
  }

  deinit {
    for block in blocks { block.deallocate() }
  }
}
