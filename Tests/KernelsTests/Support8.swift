import Kernels
import Testing

/// The levels of the 8-bit kernels that this machine can run.
let instructionSets8: [kernels_level] = (0..<KERNELS_LEVEL_COUNT.rawValue).map { kernels_level(rawValue: $0) }
  .filter { kernels_level_available($0) == 1 }

extension kernels_level: @retroactive CustomTestStringConvertible {
  public var testDescription: String { String(cString: kernels_level_name(self)) }
}

/// Bytes that end where memory ends, of any type.
final class GuardedBytes {
  private let memory: Guarded<UInt8>
  var bytes: UnsafeMutablePointer<UInt8> { memory.base }
  var base: UnsafeMutableRawPointer { UnsafeMutableRawPointer(bytes) }
  var count: Int { memory.count }

  init(count: Int, filledWith byte: UInt8 = 0xa5, aligned: Bool = false) throws {
    memory = try Guarded([UInt8](repeating: byte, count: count), aligned: aligned)
  }

  /// Values of 0 ... 255 or −128 ... 127, a byte each.
  init(_ values: [Int]) throws { memory = try Guarded(values.map { UInt8(truncatingIfNeeded: $0) }) }

  func values(signed: Bool) -> [Int] { memory.array.map { signed ? Int(Int8(bitPattern: $0)) : Int($0) } }
}

/// Whether quantised values are what exact arithmetic gives: at most one step off, in at most 0.1 % of them (and one more,
/// for small tensors).
func expectQuantised(_ found: [Int], _ expected: [Int], _ what: @autoclosure () -> String) {
  #expect(found.count == expected.count)
  var off = 0
  for (index, (a, b)) in zip(found, expected).enumerated() where a != b {
    off += 1
    if abs(a - b) > 1 {
      Issue.record("\(what()): element \(index) is \(a), should be \(b)")
      return
    }
  }
  if off > 1 + found.count / 1000 { Issue.record("\(what()): \(off) of \(found.count) are one step off") }
}

/// A convolution's sizes.
struct Sizes: Sendable, CustomTestStringConvertible {
  var batch = 1
  var input: (height: Int, width: Int)
  var channels: Int
  var outputs: Int
  var kernel = (height: 3, width: 3)
  var stride = (height: 1, width: 1)
  var dilation = (height: 1, width: 1)
  var pad = (top: 1, left: 1)
  var groups = 1

  var output: (height: Int, width: Int) {
    (
      (input.height + 2 * pad.top - dilation.height * (kernel.height - 1) - 1) / stride.height + 1,
      (input.width + 2 * pad.left - dilation.width * (kernel.width - 1) - 1) / stride.width + 1
    )
  }

  var testDescription: String {
    "\(batch)×\(input)×\(channels) → \(outputs), kernel \(kernel), stride \(stride), dilation \(dilation), "
      + "pad \(pad), groups \(groups)"
  }

  var geometry: convolution_geometry {
    convolution_geometry(
      batch: batch, in_height: input.height, in_width: input.width, in_channels: channels, out_height: output.height,
      out_width: output.width, out_channels: outputs, kernel_height: kernel.height, kernel_width: kernel.width,
      stride_height: stride.height, stride_width: stride.width, dilation_height: dilation.height,
      dilation_width: dilation.width, pad_top: pad.top, pad_left: pad.left, pad_bottom: pad.top, pad_right: pad.left,
      groups: groups)
  }
}
