import Kernels
import Testing

/// Pooling and depthwise convolution against loops that ask every tap whether it is inside.
@Suite struct WindowTests {
  @Test(arguments: instructionSets, [1, 3, 5, 16, 17, 64, 127])
  func windows(_ isa: kernels_level, _ channels: Int) throws {
    var noise = Noise(channels)
    for round in 0..<12 {
      var window = convolution_geometry()
      (window.batch, window.in_channels) = (noise.int(1...3), channels)
      (window.in_height, window.in_width) = (noise.int(4...9), noise.int(4...13))
      (window.kernel_height, window.kernel_width) = (noise.int(1...4), noise.int(1...4))
      (window.stride_height, window.stride_width) = (noise.int(1...3), noise.int(1...3))
      (window.dilation_height, window.dilation_width) = round % 3 == 0 ? (noise.int(1...2), 2) : (1, 1)
      (window.pad_top, window.pad_left) = (noise.int(0...2), noise.int(0...2))
      (window.pad_bottom, window.pad_right) = (noise.int(0...2), noise.int(0...2))
      let reachHeight = window.dilation_height * (window.kernel_height - 1) + 1
      let reachWidth = window.dilation_width * (window.kernel_width - 1) + 1
      let roomHeight = window.in_height + window.pad_top + window.pad_bottom - reachHeight
      let roomWidth = window.in_width + window.pad_left + window.pad_right - reachWidth
      guard roomHeight >= 0, roomWidth >= 0 else { continue }
      window.out_height = roomHeight / window.stride_height + 1
      window.out_width = roomWidth / window.stride_width + 1
      let x = try GuardedFloats(noise.floats(window.batch * window.in_height * window.in_width * channels))
      for kind in [F32_POOL_MAX, F32_POOL_AVERAGE, F32_POOL_AVERAGE_PADDED] {
        try pool(isa, kind, window, x)
        // A NaN is the answer of every window that it lies in, and of no other.
        let place = noise.int(0...(x.array.count - 1))
        let number = x.base[place]
        x.base[place] = .nan
        try pool(isa, kind, window, x)
        x.base[place] = number
      }
      try depthwise(isa, window, x, &noise)
    }
  }

  /// Depthwise convolution over planes: narrower than a vector, whole vectors and a rest, windows that lie outside altogether.
  @Test(arguments: instructionSets, [1, 3, 5, 17]) func planes(_ isa: kernels_level, _ channels: Int) throws {
    var noise = Noise(channels)
    for columns in [3, 5] {
      for width in [1, 7, 16, 17, 18, 20, 36, 53] {
        var window = convolution_geometry()
        (window.batch, window.in_channels) = (noise.int(1...2), channels)
        (window.in_height, window.in_width) = (noise.int(1...9), width)
        (window.kernel_height, window.kernel_width) = (noise.int(1...5), columns)
        (window.stride_height, window.stride_width) = (1, 1)
        (window.dilation_height, window.dilation_width) = (1, 1)
        (window.pad_top, window.pad_left) = (noise.int(0...7), noise.int(0...7))
        (window.pad_bottom, window.pad_right) = (noise.int(0...7), noise.int(0...7))
        window.out_height = window.in_height + window.pad_top + window.pad_bottom - window.kernel_height + 1
        window.out_width = width + window.pad_left + window.pad_right - columns + 1
        guard window.out_height > 0, window.out_width > 0 else { continue }
        let x = try GuardedFloats(noise.floats(window.batch * window.in_height * width * channels))
        try planes(isa, window, x, &noise)
      }
    }
  }

  /// Kernels that have tiles, and groups of channels: fewer channels than a vector has, whole vectors and a rest, blocks of
  /// channels; planes that are narrower than a tile, and wider; the usual padding, for whose edges there are functions, and others.
  @Test(arguments: instructionSets, [4, 12, 16, 24, 40, 304])
  func tiles(_ isa: kernels_level, _ channels: Int) throws {
    var noise = Noise(channels)
    for columns in [3, 5, 7] {
      for stride in [1, 2] {
        for (group, isUsual) in [1, 4, 8, 16].flatMap({ [($0, false), ($0, true), ($0, true)] })
        where channels % group == 0 && (group == 1 || columns == 3) {
          var window = convolution_geometry()
          (window.batch, window.in_channels) = (noise.int(1...2), channels)
          (window.in_height, window.in_width) = (noise.int(7...20), noise.int(isUsual ? 1...16 : 7...26))
          (window.kernel_height, window.kernel_width) = (noise.int(0...3) == 0 ? 1 : columns, columns)
          (window.stride_height, window.stride_width) = (noise.int(1...2), stride)
          (window.dilation_height, window.dilation_width) = (1, 1)
          (window.pad_top, window.pad_left) = (noise.int(0...columns), noise.int(0...columns))
          (window.pad_bottom, window.pad_right) = (noise.int(0...columns), noise.int(0...columns))
          if isUsual { (window.pad_left, window.pad_right) = (columns / 2, columns / 2) }
          window.out_height =
            (window.in_height + window.pad_top + window.pad_bottom - window.kernel_height) / window.stride_height + 1
          window.out_width = (window.in_width + window.pad_left + window.pad_right - columns) / stride + 1
          let x = try GuardedFloats(noise.floats(window.batch * window.in_height * window.in_width * channels))
          try depthwise(isa, window, group: group, x, &noise)
        }
      }
    }
  }

  @Test(arguments: instructionSets) func globalPoolingIsCutByChannels(_ isa: kernels_level) throws {
    var noise = Noise(1)
    var window = convolution_geometry()
    (window.batch, window.in_channels, window.in_height, window.in_width) = (2, 300, 1, 49)
    (window.kernel_height, window.kernel_width, window.out_height, window.out_width) = (1, 49, 1, 1)
    (window.stride_height, window.stride_width, window.dilation_height, window.dilation_width) = (1, 1, 1, 1)
    let x = try GuardedFloats(noise.floats(2 * 49 * 300))
    try pool(isa, F32_POOL_AVERAGE, window, x)
    try pool(isa, F32_POOL_MAX, window, x)
  }

  /// Sums of more inputs than are added up in one float; whole vectors of channels and a rest.
  @Test(arguments: instructionSets, [1, 17, 40]) func longAverages(_ isa: kernels_level, _ channels: Int) throws {
    var noise = Noise(channels)
    var window = convolution_geometry()
    (window.batch, window.in_channels, window.in_height, window.in_width) = (1, channels, 61, 91)
    (window.kernel_height, window.kernel_width, window.out_height, window.out_width) = (60, 90, 2, 2)
    (window.stride_height, window.stride_width, window.dilation_height, window.dilation_width) = (1, 1, 1, 1)
    // So many of about 0.1, added up in one float, are off by 3e-6.
    let x = try GuardedFloats(noise.floats(61 * 91 * channels).map { $0 * 1e-6 + 0.1 })
    try pool(isa, F32_POOL_AVERAGE, window, x)
    try pool(isa, F32_POOL_AVERAGE_PADDED, window, x)
  }

  private func pool(_ isa: kernels_level, _ kind: f32_pool_kind, _ window: convolution_geometry, _ x: GuardedFloats)
    throws
  {
    var expected: [Double] = []
    forEachWindow(window) { channel, cells, padded in
      let values = cells.map { Double(x.base[$0.index + channel]) }
      switch kind {
      case F32_POOL_MAX: expected.append(values.first { $0.isNaN } ?? values.max() ?? -.infinity)
      case F32_POOL_AVERAGE: expected.append(values.reduce(0, +) / Double(max(1, values.count)))
      default: expected.append(values.reduce(0, +) / Double(max(1, padded)))
      }
    }
    let y = try GuardedFloats([Float](repeating: .nan, count: expected.count))
    var pool = f32_pool()
    (pool.geometry, pool.kind, pool.isa, pool.x, pool.y) = (window, kind, isa, UnsafePointer(x.base), y.base)
    f32_pool_plan(&pool)
    for task in 0..<pool.tasks { f32_pool_task(&pool, task, 0) }
    for (index, (found, wanted)) in zip(y.array, expected).enumerated() {
      guard wanted.isNaN ? found.isNaN : Double(found) == wanted || abs(Double(found) - wanted) <= 1e-6 else {
        Issue.record("pool \(kind.rawValue): element \(index) is \(found), should be \(wanted): \(window)")
        return
      }
    }
  }

  private func planes(
    _ isa: kernels_level, _ window: convolution_geometry, _ x: GuardedFloats, _ noise: inout Noise
  ) throws {
    var depthwise = f32_depthwise()
    (depthwise.geometry, depthwise.group, depthwise.isa) = (window, 1, isa)
    (depthwise.low, depthwise.high) = (-0.5, 2)
    guard f32_depthwise_fits_planes(&depthwise) != 0 else {
      #if arch(x86_64)
        #expect(kernels_level_base(isa) == KERNELS_PORTABLE)
      #endif
      return
    }
    f32_depthwise_plan_planes(&depthwise)
    let taps = window.kernel_height * window.kernel_width
    let weights = noise.floats(window.in_channels * taps)
    let bias = noise.floats(window.in_channels)
    var expected: [Double] = []
    for plane in 0..<window.batch * window.in_channels {
      let channel = plane % window.in_channels
      for oy in 0..<window.out_height {
        for ox in 0..<window.out_width {
          var sum = Double(bias[channel])
          for tap in 0..<taps {
            let iy = oy + tap / window.kernel_width - window.pad_top
            let ix = ox + tap % window.kernel_width - window.pad_left
            guard 0..<window.in_height ~= iy, 0..<window.in_width ~= ix else { continue }
            let value = x.base[(plane * window.in_height + iy) * window.in_width + ix]
            sum += Double(value) * Double(weights[channel * taps + tap])
          }
          expected.append(min(max(sum, -0.5), 2))
        }
      }
    }
    let packed = try GuardedFloats([Float](repeating: .nan, count: f32_depthwise_packed_count(&depthwise)))
    let y = try GuardedFloats([Float](repeating: .nan, count: expected.count))
    (depthwise.x, depthwise.w, depthwise.y) = (UnsafePointer(x.base), UnsafePointer(packed.base), y.base)
    f32_depthwise_pack(&depthwise, weights, bias, packed.base)
    for task in 0..<depthwise.tasks { f32_depthwise_plane_task(&depthwise, task, 0) }
    expectEqual(y.array, expected, within: 1e-5, "planes \(window)")
  }

  /// With groups, only where the level has tiles for them.
  private func depthwise(
    _ isa: kernels_level, _ window: convolution_geometry, group: Int = 1, _ x: GuardedFloats, _ noise: inout Noise
  ) throws {
    var depthwise = f32_depthwise()
    (depthwise.geometry, depthwise.group, depthwise.isa) = (window, group, isa)
    (depthwise.low, depthwise.high) = (0, .infinity)
    f32_depthwise_plan(&depthwise)
    if group > 1, depthwise.by_tiles == 0 { return }
    let taps = window.kernel_height * window.kernel_width
    let weights = noise.floats(window.in_channels * group * taps)
    let bias = noise.floats(window.in_channels)
    let residual = noise.floats(window.batch * window.out_height * window.out_width * window.in_channels)
    var expected: [Double] = []
    forEachWindow(window) { channel, cells, _ in
      var sum = Double(bias[channel]) + Double(residual[expected.count])
      for cell in cells {
        for j in 0..<group {
          let value = x.base[cell.index + channel / group * group + j]
          sum += Double(value) * Double(weights[(channel * group + j) * taps + cell.tap])
        }
      }
      expected.append(max(sum, 0))
    }
    let packed = try GuardedFloats([Float](repeating: .nan, count: f32_depthwise_packed_count(&depthwise)))
    let zero = try GuardedFloats([Float](repeating: 0, count: window.in_channels))
    f32_depthwise_pack(&depthwise, weights, bias, packed.base)
    (depthwise.w, depthwise.zero) = (UnsafePointer(packed.base), UnsafePointer(zero.base))
    // As they are, then both as slices of wider tensors.
    for (before, behind) in [(0, 0), (5, 3)] {
      let channels = window.in_channels
      (depthwise.x_stride, depthwise.y_stride) = (channels + before, channels + behind)
      let given = try GuardedFloats(spread(x.array, channels: channels, stride: depthwise.x_stride))
      let y = try GuardedFloats([Float](repeating: .nan, count: expected.count / channels * depthwise.y_stride))
      (depthwise.x, depthwise.y) = (UnsafePointer(given.base), y.base)
      residual.withUnsafeBufferPointer {
        depthwise.residual = $0.baseAddress
        for task in 0..<depthwise.tasks { f32_depthwise_task(&depthwise, task, 0) }
      }
      expectEqual(
        slice(y.array, channels: channels, stride: depthwise.y_stride), expected, within: 1e-5, "depthwise \(window)")
    }
  }

  /// `cells`: the taps inside the input, and where their pixels begin; `padded`: how many lie inside it or its padding.
  private func forEachWindow(
    _ w: convolution_geometry, _ body: (_ channel: Int, _ cells: [(tap: Int, index: Int)], _ padded: Int) -> Void
  ) {
    for image in 0..<w.batch {
      for oy in 0..<w.out_height {
        for ox in 0..<w.out_width {
          var cells: [(tap: Int, index: Int)] = []
          var padded = 0
          for ky in 0..<w.kernel_height {
            for kx in 0..<w.kernel_width {
              let iy = oy * w.stride_height + ky * w.dilation_height - w.pad_top
              let ix = ox * w.stride_width + kx * w.dilation_width - w.pad_left
              if iy < w.in_height + w.pad_bottom, ix < w.in_width + w.pad_right { padded += 1 }
              guard iy >= 0, iy < w.in_height, ix >= 0, ix < w.in_width else { continue }
              let index = ((image * w.in_height + iy) * w.in_width + ix) * w.in_channels
              cells.append((ky * w.kernel_width + kx, index))
            }
          }
          for channel in 0..<w.in_channels { body(channel, cells, padded) }
        }
      }
    }
  }
}
