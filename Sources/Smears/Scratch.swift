import Imaging
import Platform
import Text

/// Memory that is kept from one field to the next. It grows to the largest field.
final class Scratch<Element: BitwiseCopyable> {
  private var memory: UnsafeMutableRawPointer?
  private var capacity = 0

  deinit { platform_free(memory) }

  /// Room for `count` elements with arbitrary contents.
  func room(_ count: Int) throws(ImagingError) -> UnsafeMutablePointer<Element> {
    let bytes = max(count, 1) * MemoryLayout<Element>.stride
    if capacity < bytes || memory == nil {
      platform_free(memory)
      capacity = 0
      memory = platform_allocate(bytes)
      guard memory != nil else { throw ImagingError("no memory to find cells (\(bytes >> 20) MiB)") }
      capacity = bytes
    }
    guard let memory else { throw ImagingError("no memory to find cells") }
    return memory.bindMemory(to: Element.self, capacity: count)
  }
}

/// A view of an 8-bit plane in scratch memory, rows from top to bottom.
struct Plane {
  let width: Int
  let height: Int
  let bytes: UnsafeMutablePointer<UInt8>

  var count: Int { width * height }
}
