import KernelInternals
import Kernels
import Testing

/// What 8-bit convolutions do before they multiply, at every level: weights are packed, inputs gathered.
@Suite struct PackingTests {
  static let sizes: [Sizes] = [
    Sizes(input: (5, 7), channels: 1, outputs: 3), Sizes(input: (5, 7), channels: 3, outputs: 17),
    Sizes(input: (4, 5), channels: 5, outputs: 8, kernel: (3, 5), stride: (1, 3), pad: (0, 2)),
    Sizes(input: (3, 4), channels: 16, outputs: 33, dilation: (2, 3), pad: (2, 3)),
    Sizes(input: (3, 4), channels: 17, outputs: 16, kernel: (1, 1), pad: (0, 0)),
    Sizes(batch: 2, input: (5, 4), channels: 64, outputs: 31, kernel: (1, 1), stride: (2, 2), pad: (0, 0)),
    Sizes(input: (4, 3), channels: 127, outputs: 5), Sizes(input: (4, 4), channels: 12, outputs: 36, groups: 3),
    Sizes(input: (4, 4), channels: 16, outputs: 8, groups: 8), Sizes(input: (3, 3), channels: 400, outputs: 33),
    Sizes(batch: 2, input: (3, 5), channels: 396, outputs: 20, kernel: (1, 1), pad: (0, 0)),
  ]

  /// Weights and what did not fit beside them add up to the weights less their zero points; and each step keeps its family's
  /// rule.
  @Test(arguments: instructionSets8, sizes) func weights(_ isa: kernels_level, _ test: Sizes) throws {
    var noise = Noise(test.channels)
    for kind in 0..<4 {
      let isSigned = kind % 2 == 0
      var plan = q8_convolution()
      plan.geometry = test.geometry
      (plan.x_signed, plan.x_zero) = (0, 7)
      q8_convolution_plan(&plan, isa, 1)
      let family = try #require(plan.family).pointee
      let (taps, depth) = (test.kernel.height * test.kernel.width, test.channels / test.groups)
      let values = (0..<test.outputs * depth * taps).map { _ -> Int in
        let range = isSigned ? -128...127 : 0...255
        return kind < 2 && noise.int(0...2) == 0 ? range.lowerBound : noise.int(range)
      }
      let zeros = (0..<test.outputs).map { _ in Int32(isSigned ? noise.int(-3...3) : noise.int(0...255)) }
      let bias = (0..<test.outputs).map { _ in Int32(noise.int(-5000...5000)) }
      let (multipliers, shifts) = (noise.floats(test.outputs), noise.floats(test.outputs))
      let w = try GuardedBytes(values)
      let layout = q8_convolution_layout(&plan)
      let room = q8_convolution_pack(
        &plan, w.base, isSigned ? 1 : 0, layout, zeros, bias, multipliers, shifts, nil, 0)
      let packed = try GuardedBytes(count: room, aligned: true)
      #expect(
        q8_convolution_pack(
          &plan, w.base, isSigned ? 1 : 0, layout, zeros, bias, multipliers, shifts, packed.base, room) == room)

      let stepBytes = family.nr * family.kr
      for panel in 0..<panels_of(&plan) {
        let base = packed.base + panel * panel_bytes(&plan)
        let head = base.load(as: panel_head.self)
        let biases = (base + MemoryLayout<panel_head>.size).assumingMemoryBound(to: Int32.self)
        let scales = UnsafeRawPointer(biases + family.nr).assumingMemoryBound(to: Float.self)
        let steps = (base + MemoryLayout<panel_head>.size + constants_bytes(&plan)).assumingMemoryBound(to: Int8.self)
        let extras = base + Int(head.extras)
        let extraCount = Int(head.extra_count)
        // By tap and input, what all parts come to.
        var sums = [Int](repeating: 0, count: plan.taps * plan.steps * stepBytes)
        func add(_ step: Int, _ weight: (Int) -> Int) {
          for i in 0..<stepBytes { sums[step * stepBytes + i] += weight(i) }
          checkRule(family, weight)
        }
        for step in 0..<plan.taps * plan.steps { add(step) { Int(steps[step * stepBytes + $0]) } }
        for extra in 0..<extraCount {
          let offset = Int(extras.load(fromByteOffset: 4 * extra, as: Int32.self))
          let step = try #require(
            (0..<plan.taps * plan.steps).first {
              tap_pixels(&plan, $0 / plan.steps) * pixel_bytes(&plan) + $0 % plan.steps * family.kr * element(&plan)
                == offset
            })
          let from = extras + extra_weights_at(&plan, extraCount) + extra * stepBytes * element(&plan)
          add(step) {
            family.wide == 1
              ? Int(from.load(fromByteOffset: 2 * $0, as: Int16.self))
              : Int(from.load(fromByteOffset: $0, as: Int8.self))
          }
          let first = Int(
            (extras + first_extras_at(extraCount)).load(fromByteOffset: 4 * step, as: Int32.self))
          #expect(first > 0 && first <= extra + 1)
        }
        let (inGroup, groupOutputs) = (panels_of_group(&plan), group_outputs(&plan))
        for lane in 0..<family.nr {
          let column = panel % inGroup * family.nr + lane
          let output = panel / inGroup * groupOutputs + column
          var total = 0
          for tap in 0..<plan.taps {
            for input in 0..<plan.steps * family.kr {
              let place = tap * plan.steps * stepBytes + input / family.kr * stepBytes
              let k = input % family.kr
              let found = sums[place + (k / family.sub * family.nr + lane) * family.sub + k % family.sub]
              let wanted =
                column < groupOutputs ? weight(plan, test, values, zeros, output, tap, input) : 0
              if found != wanted {
                Issue.record("output \(output), tap \(tap), input \(input): \(found), should be \(wanted)")
                return
              }
              total += found
            }
          }
          guard column < groupOutputs else { continue }
          #expect(Int(biases[lane]) == Int(bias[output]) - total * Int(staged_zero(&plan)))
          #expect(scales[lane] == multipliers[output] && scales[family.nr + lane] == shifts[output])
        }
      }
    }
  }

  /// The weight, less its zero point, that an output has for an input of a run.
  private func weight(
    _ plan: q8_convolution, _ test: Sizes, _ values: [Int], _ zeros: [Int32], _ output: Int, _ tap: Int, _ input: Int
  ) -> Int {
    guard input < plan.run else { return 0 }
    var (channel, place) = (input, tap)
    if plan.geometry.groups == plan.merged, plan.geometry.dilation_width == 1 {
      (channel, place) = (input % test.channels, tap * test.kernel.width + input / test.channels)
    }
    let (channels, outputs) = (test.channels / test.groups, test.outputs / test.groups)
    if plan.merged > 1 {
      guard output % (outputs * plan.merged) / outputs == channel / channels else { return 0 }
      channel %= channels
    }
    return values[(output * channels + channel) * test.kernel.height * test.kernel.width + place] - Int(zeros[output])
  }

  private func checkRule(_ family: q8_igemm_family, _ weight: (Int) -> Int) {
    let half = family.nr * family.kr / 2
    if family.rule == Q8_FOURS_WITHIN_255 {
      for i in stride(from: 0, to: half, by: 2) {
        let four = [weight(i), weight(i + 1), weight(half + i), weight(half + i + 1)]
        #expect(four.filter { $0 > 0 }.reduce(0, +) <= 255 && four.filter { $0 < 0 }.reduce(0, +) >= -255)
      }
    } else if family.rule == Q8_PAIRS_EIGHT_APART {
      for i in 0..<2 * half where i % 16 < 8 { #expect(weight(i) != -128 || weight(i + 8) != -128) }
    }
  }

  /// Gathered inputs, padding in place. Where a family takes them in two parts, the parts add up.
  @Test(arguments: instructionSets8, sizes) func inputs(_ isa: kernels_level, _ test: Sizes) throws {
    var noise = Noise(test.channels)
    // Few large values, and many.
    for (isSigned, large) in [(false, 1), (true, 50), (false, 100)] {
      let bottom = isSigned ? -128 : 0
      let values = (0..<test.batch * test.input.height * test.input.width * test.channels).map { _ in
        noise.int(0...99) < large ? bottom + noise.int(128...255) : bottom + noise.int(0...127)
      }
      let x = try GuardedBytes(values)
      var plan = q8_convolution()
      plan.geometry = test.geometry
      (plan.x_signed, plan.x_zero, plan.x) = (isSigned ? 1 : 0, Int32(bottom + 7), UnsafeRawPointer(x.base))
      q8_convolution_plan(&plan, isa, 1)
      let family = try #require(plan.family).pointee
      let isPointwise = plan.pointwise != 0
      let units = isPointwise ? test.batch * test.output.height * test.output.width : test.output.height
      for (image, first, last) in [(0, 0, units), (test.batch - 1, units / 2, units)] where first < last {
        let (rows, columns) = (staged_rows(&plan, last - first), staged_columns(&plan))
        let pixels = isPointwise ? last - first : rows * columns
        let gathered = try GuardedBytes(count: staged_bytes(&plan, pixels), aligned: true)
        let lists = try Guarded([UInt32](repeating: .max, count: pixels + 1))
        // As much room as a plan gives: for a list, or for all large values.
        let room = max(highs_bytes(&plan, pixels), 8) / MemoryLayout<q8_high>.stride
        let highs = try Guarded([q8_high](repeating: q8_high(), count: room), aligned: true)
        var staged = q8_staged()
        (staged.pixels, staged.x) = (pixels, gathered.bytes)
        (staged.firsts, staged.highs) = (lists.base, highs.base)
        q8_stage(&plan, image, first, last, &staged)
        for pixel in 0..<pixels {
          var (iy, ix, of) = (0, 0, image)
          if isPointwise {
            let output = first + pixel
            of = output / (test.output.height * test.output.width)
            iy = output / test.output.width % test.output.height * test.stride.height
            ix = output % test.output.width * test.stride.width
          } else {
            iy = first * test.stride.height - test.pad.top + pixel / columns
            ix = pixel % columns - test.pad.left
          }
          let isInside = iy >= 0 && iy < test.input.height && ix >= 0 && ix < test.input.width
          for channel in 0..<test.channels {
            let at = ((of * test.input.height + iy) * test.input.width + ix) * test.channels + channel
            let value = isInside ? values[at] - Int(plan.x_zero) : 0
            let found = self.value(family, staged, pixel, channel, test.channels)
            if found - Int(staged_zero(&plan)) != value {
              Issue.record("pixel \(pixel), channel \(channel): \(found), should be \(value + Int(staged_zero(&plan)))")
              return
            }
          }
        }
      }
    }
  }

  /// A gathered value as the family sees it.
  private func value(_ family: q8_igemm_family, _ staged: q8_staged, _ pixel: Int, _ channel: Int, _ channels: Int)
    -> Int
  {
    let at = pixel * channels + channel
    if family.wide == 1 {
      return Int(Int16(truncatingIfNeeded: Int(staged.x[2 * at]) | Int(staged.x[2 * at + 1]) << 8))
    }
    if family.x_signed == 1 { return Int(Int8(bitPattern: staged.x[at])) }
    var value = Int(staged.x[at])
    guard family.take_highs != nil else { return value }
    if let dense = staged.dense { return value + Int(dense[at]) }
    for high in staged.firsts[pixel]..<staged.firsts[pixel + 1] {
      let found = staged.highs[Int(high)]
      #expect(Int(found.pixel) == pixel)
      if Int(found.group) == channel / 4 { value += Int(found.bits >> (8 * UInt32(channel % 4)) & 0xff) }
    }
    return value
  }

  /// The eighth bits of 7-bit kernels' inputs: taken off and listed, then multiplied by themselves.
  struct Kernel: @unchecked Sendable, NamedKernel {
    let name: String
    let nr: Int
    let take:
      @convention(c) (
        UnsafeMutablePointer<UInt8>?, UnsafePointer<UInt8>?, Int, UInt8, UInt16, UnsafeMutablePointer<q8_high>?
      ) -> Int
    let add:
      @convention(c) (UnsafePointer<q8_high>?, Int, UnsafePointer<q8_high_weights>?, UnsafeMutablePointer<Int32>?) ->
        Void
  }

  static let highKernels =
    [Kernel(name: "portable", nr: 8, take: u7s8_take_highs_portable, add: u7s8_add_highs_portable)]
    + each(instructionSets8) { table in
      let family = table.q8_igemm_of_small
      guard let take = family.take_highs, let add = family.add_highs else { return nil }
      return Kernel(name: String(cString: family.name), nr: family.nr, take: take, add: add)
    }

  @Test(arguments: highKernels, [4, 20, 32, 36, 64, 128]) func highs(_ kernel: Kernel, _ channels: Int) throws {
    var noise = Noise(channels)
    for (flip, share) in [(0, 0), (0x80, 2), (0, 50), (0x80, 100)] {
      let values = (0..<channels).map { _ in
        (noise.int(0...99) < share ? noise.int(128...255) : noise.int(0...127)) ^ flip
      }
      let from = try Guarded(values.map { UInt8($0) })
      let to = try Guarded([UInt8](repeating: 0xa5, count: channels))
      let highs = try Guarded([q8_high](repeating: q8_high(), count: channels / 4))
      let count = kernel.take(to.base, from.base, channels, UInt8(flip), 9, highs.base)
      var seen = values.indices.map { _ in 0 }
      for high in highs.array[..<count] {
        #expect(high.pixel == 9)
        for k in 0..<4 { seen[Int(high.group) * 4 + k] += Int(high.bits >> (8 * UInt32(k)) & 0xff) }
      }
      for (index, value) in values.enumerated() {
        #expect(Int(to.base[index]) == (value ^ flip) & 0x7f && seen[index] == (value ^ flip) & 0x80)
      }
      #expect(Set(highs.array[..<count].map { $0.group }).count == count)

      // Two of the steps have extras, one of them two.
      let (nr, steps) = (kernel.nr, (channels + 7) / 8)
      let w = try Guarded((0..<steps * 8 * nr).map { _ in Int8(noise.int(-60...60)) }, aligned: true)
      let extraSteps = steps > 1 ? [0, steps - 1, steps - 1] : [0, 0]
      let extraW = try Guarded((0..<extraSteps.count * 8 * nr).map { _ in Int8(noise.int(-60...60)) }, aligned: true)
      let offsets = extraSteps.map { Int32($0 * 8) }
      var firsts = [Int32](repeating: 0, count: steps)
      for (index, step) in extraSteps.enumerated().reversed() { firsts[step] = Int32(index + 1) }
      let before = (0..<nr).map { _ in Int32(noise.int(-1000...1000)) }
      let sums = try Guarded(before, aligned: true)
      func place(_ step: Int, _ channel: Int, _ output: Int) -> Int {
        step * 8 * nr + channel % 8 / 4 * 4 * nr + output * 4 + channel % 4
      }
      firsts.withUnsafeBufferPointer { firsts in
        offsets.withUnsafeBufferPointer { offsets in
          var weights = q8_high_weights(
            first: 9, groups: channels / 4, w: w.base, first_extras: firsts.baseAddress, extra_count: extraSteps.count,
            extras: offsets.baseAddress, extra_w: extraW.base)
          kernel.add(highs.base, count, &weights, sums.base)
        }
      }
      for output in 0..<nr {
        var sum = Int(before[output])
        for channel in 0..<channels {
          var weight = Int(w.base[place(channel / 8, channel, output)])
          for (extra, step) in extraSteps.enumerated() where step == channel / 8 {
            weight += Int(extraW.base[place(extra, channel, output)])
          }
          sum += seen[channel] * weight
        }
        #expect(Int(sums.base[output]) == sum, "output \(output)")
      }
    }
  }
}
