import Kernels
import Testing

/// A depthwise convolution and its neighbours strip by strip, against the same kernels one after the other: bit by bit.
@Suite struct StripsTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var batch = 1
    var size = (17, 13)
    var channels = 5
    /// nil: no convolution before the depthwise one.
    var first: Layer? = Layer()
    var wide = 40
    var depthwise = Layer(kernel: 3, pad: 1)
    var filters: Int? = 19
    var residual = false
    var rows = 2

    struct Layer: Sendable {
      var kernel = 1
      var stride = 1
      var dilation = 1
      var pad = 0

      func outputs(_ input: Int) -> Int { (input + 2 * pad - (kernel - 1) * dilation - 1) / stride + 1 }
    }

    var testDescription: String {
      "\(batch)×\(size)×\(channels) → \(String(describing: first)) \(wide) → \(depthwise) → \(String(describing: filters))"
    }
  }

  static let cases: [Case] = [
    Case(),
    Case(batch: 3, depthwise: Case.Layer(kernel: 3, stride: 2, pad: 1), residual: true),
    Case(size: (31, 9), first: Case.Layer(kernel: 3, stride: 2, pad: 1), wide: 16, rows: 3),
    Case(size: (29, 8), first: nil, wide: 33, depthwise: Case.Layer(kernel: 5, stride: 2, pad: 2), rows: 4),
    Case(wide: 17, depthwise: Case.Layer(kernel: 3, dilation: 2, pad: 2), filters: nil, rows: 3),
    Case(batch: 2, depthwise: Case.Layer(kernel: 5, pad: 4), residual: true, rows: 5),
    Case(size: (23, 4), depthwise: Case.Layer(kernel: 2, stride: 3), rows: 2),
    Case(size: (40, 2), channels: 64, wide: 5, depthwise: Case.Layer(kernel: 7, pad: 3), filters: 3, rows: 7),
  ]

  private func geometry(
    _ layer: Case.Layer, _ batch: Int, _ size: (Int, Int), _ channels: Int, _ outputs: Int, _ groups: Int
  )
    -> convolution_geometry
  {
    Sizes(
      batch: batch, input: size, channels: channels, outputs: outputs, kernel: (layer.kernel, layer.kernel),
      stride: (layer.stride, layer.stride), dilation: (layer.dilation, layer.dilation), pad: (layer.pad, layer.pad),
      groups: groups
    ).geometry
  }

  private func memory(_ count: Int) throws -> GuardedFloats {
    try GuardedFloats([Float](repeating: 0, count: count), aligned: true)
  }

  @Test(arguments: instructionSets, cases) func strips(_ isa: kernels_level, _ test: Case) throws {
    var noise = Noise(test.wide)
    var strips = f32_strips()
    var size = test.size
    if let layer = test.first {
      strips.has_first = 1
      strips.first.geometry = geometry(layer, test.batch, size, test.channels, test.wide, 1)
      (strips.first.low, strips.first.high) = (-1, 6)
      size = (layer.outputs(size.0), layer.outputs(size.1))
    }
    strips.depthwise.geometry = geometry(test.depthwise, test.batch, size, test.wide, test.wide, test.wide)
    (strips.depthwise.group, strips.depthwise.isa) = (1, isa)
    (strips.depthwise.low, strips.depthwise.high) = (0, .infinity)
    size = (test.depthwise.outputs(size.0), test.depthwise.outputs(size.1))
    if let filters = test.filters {
      strips.has_last = 1
      strips.last.geometry = geometry(Case.Layer(), test.batch, size, test.wide, filters, 1)
      (strips.last.low, strips.last.high) = (-.infinity, 3)
    }
    let outputs = test.filters ?? test.wide
    let count = test.batch * size.0 * size.1 * outputs

    var (first, depthwise, last) = (strips.first, strips.depthwise, strips.last)
    if strips.has_first != 0 { f32_convolution_plan(&first, isa, 1) }
    f32_depthwise_plan(&depthwise)
    if strips.has_last != 0 { f32_convolution_plan(&last, isa, 1) }
    let taps = test.depthwise.kernel * test.depthwise.kernel
    let firstWeights = try memory(first.packed_count)
    let middleWeights = try memory(f32_depthwise_packed_count(&depthwise))
    let lastWeights = try memory(last.packed_count)
    if let layer = test.first {
      let weights = noise.floats(test.wide * test.channels * layer.kernel * layer.kernel)
      f32_convolution_pack(
        &first, weights, f32_convolution_layout(&first), noise.floats(test.wide), 1, firstWeights.base)
    }
    f32_depthwise_pack(&depthwise, noise.floats(test.wide * taps), noise.floats(test.wide), middleWeights.base)
    if let filters = test.filters {
      f32_convolution_pack(
        &last, noise.floats(filters * test.wide), f32_convolution_layout(&last), noise.floats(filters), 1,
        lastWeights.base)
    }

    let channels = test.first == nil ? test.wide : test.channels
    let x = try GuardedFloats(noise.floats(test.batch * test.size.0 * test.size.1 * channels))
    let residual = try GuardedFloats(noise.floats(test.residual ? count : 0))
    let input = depthwise.geometry
    let wide = try GuardedFloats(
      [Float](repeating: .nan, count: test.batch * input.in_height * input.in_width * test.wide))
    let narrow = try GuardedFloats([Float](repeating: .nan, count: test.batch * size.0 * size.1 * test.wide))
    let expected = try GuardedFloats([Float](repeating: .nan, count: count))
    let zero = try GuardedFloats([Float](repeating: 0, count: 1024))
    let scratch = try memory(max(first.scratch_bytes, last.scratch_bytes) / 4)
    if strips.has_first != 0 {
      (first.x, first.w, first.y, first.y_stride) = (
        UnsafePointer(x.base), UnsafePointer(firstWeights.base), wide.base, test.wide
      )
      (first.zero, first.scratch) = (UnsafePointer(zero.base), UnsafeMutableRawPointer(scratch.base))
      for task in 0..<first.tasks { f32_convolution_task(&first, task, 0) }
    }
    depthwise.x = UnsafePointer(strips.has_first != 0 ? wide.base : x.base)
    (depthwise.w, depthwise.zero) = (UnsafePointer(middleWeights.base), UnsafePointer(zero.base))
    depthwise.y = strips.has_last != 0 ? narrow.base : expected.base
    for task in 0..<depthwise.tasks { f32_depthwise_task(&depthwise, task, 0) }
    if strips.has_last != 0 {
      (last.x, last.w, last.y, last.y_stride) = (
        UnsafePointer(narrow.base), UnsafePointer(lastWeights.base), expected.base, outputs
      )
      (last.zero, last.scratch) = (UnsafePointer(zero.base), UnsafeMutableRawPointer(scratch.base))
      last.residual = test.residual ? UnsafePointer(residual.base) : nil
      for task in 0..<last.tasks { f32_convolution_task(&last, task, 0) }
    }

    for threads in [1, 3] {
      for stride in test.filters == nil ? [outputs] : [outputs, outputs + 5] {
        var strips = strips
        let row = input.in_width * test.wide * 4
        let inputRows =
          (test.rows - 1) * test.depthwise.stride + (test.depthwise.kernel - 1) * test.depthwise.dilation + 1
        let near =
          (strips.has_first != 0 ? inputRows * row : 0)
          + (strips.has_last != 0 ? test.rows * size.1 * test.wide * 4 : 0)
        try #require(f32_strips_plan(&strips, isa, Int32(threads), near) != 0)
        #expect(
          strips.rows <= test.rows && strips.rows < size.0 && (threads == 1 || size.0 < 8 || strips.tasks > test.batch))
        let y = try GuardedFloats([Float](repeating: .nan, count: test.batch * size.0 * size.1 * stride))
        let scratch = try memory(2 * strips.scratch_bytes / 4)
        (strips.x, strips.y, strips.last.y_stride) = (UnsafePointer(x.base), y.base, stride)
        (strips.first.w, strips.depthwise.w, strips.last.w) = (
          UnsafePointer(firstWeights.base), UnsafePointer(middleWeights.base), UnsafePointer(lastWeights.base)
        )
        strips.residual = test.residual ? UnsafePointer(residual.base) : nil
        (strips.zero, strips.scratch) = (UnsafePointer(zero.base), UnsafeMutableRawPointer(scratch.base))
        for task in (0..<strips.tasks).reversed() { f32_strips_task(&strips, task, task % 2) }
        #expect(slice(y.array, channels: outputs, stride: stride) == expected.array)
      }
    }
  }

  /// A picture of too few rows, and strips that would not stay near.
  @Test func whatDoesNotFit() {
    var strips = f32_strips()
    strips.has_first = 1
    strips.first.geometry = geometry(Case.Layer(), 1, (12, 10), 4, 8, 1)
    strips.depthwise.geometry = geometry(Case.Layer(kernel: 3, pad: 1), 1, (12, 10), 8, 8, 8)
    strips.depthwise.group = 1
    #expect(f32_strips_plan(&strips, KERNELS_PORTABLE, 1, 4 * 10 * 8 * 4) != 0)
    #expect(f32_strips_plan(&strips, KERNELS_PORTABLE, 1, 4 * 10 * 8 * 4 - 1) == 0)
    #expect(f32_strips_plan(&strips, KERNELS_PORTABLE, 1, 1 << 20) == 0)
  }
}
