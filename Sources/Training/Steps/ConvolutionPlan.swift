import Kernels
import ModelGraph
import TrainingKernels

/// Offset lists for the convolution kernels, computed once per layer: which taps of each output position lie inside the
/// input, and where. Padding never appears in them.
final class ConvolutionPlan {
  private(set) var classes: [train_conv_class] = []
  private var blocks: [UnsafeMutableBufferPointer<Int32>] = []

  deinit { for block in blocks { block.deallocate() } }

  /// y = w ∗ x. A tap reads one pixel of `inputChannels` floats.
  convenience init(forward plane: WindowPlane, inputChannels: Int, outputChannels: Int) {
    self.init()
    let rows = ConvolutionPlan.forwardLines(plane.height)
    let columns = ConvolutionPlan.forwardLines(plane.width)
    combine(
      rows, columns, sourceWidth: plane.width.input, sourceChannels: inputChannels, targetWidth: plane.width.output,
      targetChannels: outputChannels, kernelWidth: plane.width.kernel)
  }

  /// dx = wᵀ ∗ dy: each input pixel gathers from the outputs that read it. With a stride, pixels are grouped by the taps
  /// that reach them, so that nothing is multiplied by the zeros between outputs.
  convenience init(backward plane: WindowPlane, inputChannels: Int, outputChannels: Int) {
    self.init()
    let rows = ConvolutionPlan.backwardLines(plane.height)
    let columns = ConvolutionPlan.backwardLines(plane.width)
    combine(
      rows, columns, sourceWidth: plane.width.output, sourceChannels: outputChannels, targetWidth: plane.width.input,
      targetChannels: inputChannels, kernelWidth: plane.width.kernel)
  }

  /// y = w ∗ x over a padded copy of x: one class, and each kernel row (kernel width × channels floats) is one tap.
  convenience init(padded plane: WindowPlane, paddedWidth: Int, inputChannels: Int, outputChannels: Int) {
    self.init()
    var (from, to): ([Int], [Int]) = ([], [])
    for y in 0..<plane.height.output {
      for x in 0..<plane.width.output {
        from.append((y * plane.height.stride * paddedWidth + x * plane.width.stride) * inputChannels)
        to.append((y * plane.width.output + x) * outputChannels)
      }
    }
    let taps = Array(0..<plane.height.kernel)
    add(from, to, taps.map { $0 * plane.height.dilation * paddedWidth * inputChannels }, taps)
  }

  private init() {}

  /// Positions along one axis with the same taps.
  private struct Line {
    var taps: [Int]
    /// Distance of each tap from the first tap, in source positions.
    var offsets: [Int]
    var targets: [Int] = []
    /// Source position of the first tap for each target.
    var sources: [Int] = []
  }

  private static func forwardLines(_ axis: WindowAxis) -> [Line] {
    var lines: [Line] = []
    for output in 0..<axis.output {
      let taps = Array(axis.taps(at: output))
      let first = taps.first ?? 0
      insert(
        output, from: axis.start(output) + first * axis.dilation, taps, taps.map { ($0 - first) * axis.dilation },
        into: &lines)
    }
    return lines
  }

  private static func backwardLines(_ axis: WindowAxis) -> [Line] {
    var lines: [Line] = []
    for input in 0..<axis.input {
      var (taps, sources): ([Int], [Int]) = ([], [])
      for tap in 0..<axis.kernel {
        let reach = input + axis.padBefore - tap * axis.dilation
        if reach >= 0, reach % axis.stride == 0, reach / axis.stride < axis.output {
          taps.append(tap)
          sources.append(reach / axis.stride)
        }
      }
      let first = sources.first ?? 0
      insert(input, from: first, taps, sources.map { $0 - first }, into: &lines)
    }
    return lines
  }

  private static func insert(
    _ target: Int, from source: Int, _ taps: [Int], _ offsets: [Int], into lines: inout [Line]
  ) {
    let index = lines.firstIndex { $0.taps == taps && $0.offsets == offsets } ?? lines.count
    if index == lines.count { lines.append(Line(taps: taps, offsets: offsets)) }
    lines[index].targets.append(target)
    lines[index].sources.append(source)
  }

  private func combine(
    _ rows: [Line], _ columns: [Line], sourceWidth: Int, sourceChannels: Int, targetWidth: Int, targetChannels: Int,
    kernelWidth: Int
  ) {
    for row in rows {
      for column in columns {
        var (from, to): ([Int], [Int]) = ([], [])
        for (y, sourceY) in zip(row.targets, row.sources) {
          for (x, sourceX) in zip(column.targets, column.sources) {
            from.append((sourceY * sourceWidth + sourceX) * sourceChannels)
            to.append((y * targetWidth + x) * targetChannels)
          }
        }
        var (offsets, taps): ([Int], [Int]) = ([], [])
        for (tapY, offsetY) in zip(row.taps, row.offsets) {
          for (tapX, offsetX) in zip(column.taps, column.offsets) {
            offsets.append((offsetY * sourceWidth + offsetX) * sourceChannels)
            taps.append(tapY * kernelWidth + tapX)
          }
        }
        if taps.isEmpty { from = [Int](repeating: 0, count: to.count) }
        add(from, to, offsets, taps)
      }
    }
  }

  private func add(_ from: [Int], _ to: [Int], _ offsets: [Int], _ taps: [Int]) {
    classes.append(
      train_conv_class(
        positions: Int32(to.count), a_offset: keep(from), c_offset: keep(to), taps: Int32(taps.count),
        tap_a: keep(offsets), tap_b: keep(taps)))
  }

  private func keep(_ numbers: [Int]) -> UnsafePointer<Int32> {
    let block = UnsafeMutableBufferPointer<Int32>.allocate(capacity: max(numbers.count, 1))
    for (index, number) in numbers.enumerated() { block[index] = Int32(truncatingIfNeeded: number) }
    blocks.append(block)
    return UnsafePointer(block.baseAddress ?? UnsafeMutablePointer<Int32>.allocate(capacity: 1))
  }
}
