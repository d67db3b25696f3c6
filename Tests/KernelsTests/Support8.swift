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

  func set(_ c: inout q8_convolution) {
    (c.batch, c.in_height, c.in_width, c.in_channels) = (batch, input.height, input.width, channels)
    (c.out_height, c.out_width, c.out_channels) = (output.height, output.width, outputs)
    (c.kernel_height, c.kernel_width) = kernel
    (c.stride_height, c.stride_width) = stride
    (c.dilation_height, c.dilation_width) = dilation
    (c.pad_top, c.pad_left, c.groups) = (pad.top, pad.left, groups)
  }
}
