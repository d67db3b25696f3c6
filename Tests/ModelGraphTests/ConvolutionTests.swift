import ModelGraph
import Testing

@Suite struct ConvolutionTests {
  @Test func sumsEachWindow() throws {
    // ONNX's own example: 5×5 counting, a 3×3 window of ones.
    let (x, w) = (try counting([1, 1, 5, 5]), try Tensor([1, 1, 3, 3], [Float](repeating: 1, count: 9)))
    let bare = try run(operation("Conv", .ints("kernel_shape", [3, 3])), [x, w])
    #expect(bare.doubles == [54, 63, 72, 99, 108, 117, 144, 153, 162])
    let padded = try run(operation("Conv", .ints("pads", [1, 1, 1, 1]), .ints("strides", [2, 2])), [x, w])
    #expect(padded.doubles == [12, 27, 24, 63, 108, 81, 72, 117, 84])
    let upper = try run(operation("Conv", .string("auto_pad", "SAME_UPPER"), .ints("strides", [2, 2])), [x, w])
    #expect(upper.doubles == padded.doubles)
  }

  @Test func oddPaddingGoesWhereAutoPadSays() throws {
    let (x, w) = (try counting([1, 1, 4], from: 1), try Tensor([1, 1, 2], [Float(1), 10]))
    let upper = try run(operation("Conv", .string("auto_pad", "SAME_UPPER")), [x, w])
    #expect(upper.doubles == [21, 32, 43, 4])
    let lower = try run(operation("Conv", .string("auto_pad", "SAME_LOWER")), [x, w])
    #expect(lower.doubles == [10, 21, 32, 43])
    let valid = try run(operation("Conv", .string("auto_pad", "VALID"), .ints("dilations", [2])), [x, w])
    #expect(valid.doubles == [31, 42])
  }

  @Test func groupsReadTheirOwnChannels() throws {
    let x = try counting([1, 4, 1, 2], from: 1)
    let depthwise = try run(
      operation("Conv", .int("group", 4)),
      [x, try Tensor([4, 1, 1, 1], [Float(1), 10, 100, 1000]), try Tensor([4], [Float(0), 1, 2, 3])])
    #expect(depthwise.doubles == [1, 2, 31, 41, 502, 602, 7003, 8003])
    let pairs = try run(operation("Conv", .int("group", 2)), [x, try Tensor([2, 2, 1, 1], [Float(1), 1, 1, -1])])
    #expect(pairs.doubles == [4, 6, -2, -2])
  }

  @Test func doublesAndBatches() throws {
    let x = try Tensor([2, 1, 3], [1.0, 2, 3, 4, 5, 6])
    let y = try run(operation("Conv"), [x, try Tensor([2, 1, 2], [1.0, 1, 0, 0.1]), try Tensor([2], [0, 0.5])])
    #expect(isClose(y.doubles, [3, 5, 0.7, 0.8, 9, 11, 1, 1.1], tolerance: 1e-12))
  }

  /// Awkward geometries against a naive definition without row pointers and ranges.
  @Test func agreesWithSevenLoops() throws {
    for (height, width) in [(1, 1), (5, 7), (6, 4)] {
      for kernel in [1, 2, 3] {
        for (stride, dilation, pad) in [(1, 1, 0), (1, 1, 1), (2, 1, 1), (3, 2, 4), (2, 3, 0), (1, 2, 5)] {
          let x = try counting([2, 2, height, width], from: -9)
          let w = try counting([4, 1, kernel, kernel], from: -3)
          let conv = Conv(
            Window(
              strides: [stride, 1], pads: [pad, 0, pad, pad], dilations: [dilation, dilation]), group: 2)
          guard let fact = try? Operator.conv(conv).infer([Fact(x), Fact(w)]).first else {
            #expect(height + 2 * pad < dilation * (kernel - 1) + 1 || width + pad < dilation * (kernel - 1) + 1)
            continue
          }
          let y = try run(.conv(conv), [x, w])
          var expected: [Double] = []
          let (xs, ws) = (x.doubles, w.doubles)
          for n in 0..<2 {
            for m in 0..<4 {
              for oy in 0..<fact.shape[2] {
                for ox in 0..<fact.shape[3] {
                  var sum = 0.0
                  for ky in 0..<kernel {
                    for kx in 0..<kernel {
                      let (iy, ix) = (oy * stride + ky * dilation - pad, ox + kx * dilation)
                      guard iy >= 0, iy < height, ix < width else { continue }
                      sum += xs[((n * 2 + m / 2) * height + iy) * width + ix] * ws[(m * kernel + ky) * kernel + kx]
                    }
                  }
                  expected.append(sum)
                }
              }
            }
          }
          #expect(y.doubles == expected)
        }
      }
    }
  }

  @Test func fusedAddsThenActivates() throws {
    let (x, w) = (try counting([1, 1, 1, 3], from: -1), try Tensor([1, 1, 1, 1], [Float(2)]))
    let (b, z) = (try Tensor([1], [Float(-1)]), try Tensor([1, 1, 1, 3], [Float(0), 0, 4]))
    let relu = try operation("FusedConv", opset: 1, domain: .microsoft, .string("activation", "Relu"))
    #expect(try run(relu, [x, w, b, z]).doubles == [0, 0, 5])
    let clip = try operation(
      "FusedConv", opset: 1, domain: .microsoft, .string("activation", "Clip"),
      Attribute("activation_params", .floats([-2, 3])))
    #expect(try run(clip, [x, w, b, z]).doubles == [-2, -1, 3])
    #expect(try run(clip, [x, w, nil, z]).doubles == [-2, 0, 3])
    #expect(throws: GraphError.self) {
      try operation("FusedConv", opset: 1, domain: .microsoft, .string("activation", "Clip"))
    }
  }

  @Test func saysWhatDoesNotFit() throws {
    let x = Fact(.float32, [1, 64, 8, 8])
    let conv = try operation("Conv")
    let channels = refusal(conv, [x, Fact(.float32, [8, 32, 3, 3])])
    #expect(channels?.code == .shapeMismatch)
    #expect(channels?.message == "Conv: X has 64 channels, W wants 32 (group 1)")
    #expect(refusal(conv, [x, Fact(.float32, [8, 64, 9, 9])])?.code == .shapeMismatch)
    #expect(refusal(conv, [x, Fact(.float32, [8, 64, 0, 3])])?.code == .shapeMismatch)
    #expect(refusal(conv, [x, Fact(.float32, [8, 64, 3])])?.code == .wrongRank)
    #expect(refusal(conv, [x, Fact(.float64, [8, 64, 3, 3])])?.code == .typeMismatch)
    #expect(refusal(conv, [Fact(.int8, [1, 64, 8, 8]), Fact(.int8, [8, 64, 3, 3])])?.code == .typeMismatch)
    #expect(refusal(conv, [x, Fact(.float32, [8, 64, 3, 3]), Fact(.float32, [4])])?.code == .shapeMismatch)
    let fourAxes = [Fact(.float32, [1, 2, 4, 4, 4, 4]), Fact(.float32, [2, 2, 1, 1, 1, 1])]
    #expect(refusal(conv, fourAxes)?.code == .wrongRank)
    let grouped = #expect(throws: GraphError.self) { try operation("Conv", .int("group", 0)) }
    #expect(grouped?.code == .badAttribute)
    let wrongPads = try operation("Conv", .ints("pads", [1, 1]))
    #expect(refusal(wrongPads, [x, Fact(.float32, [8, 64, 3, 3])])?.code == .badAttribute)
    let wrongKernel = try operation("Conv", .ints("kernel_shape", [5, 5]))
    #expect(refusal(wrongKernel, [x, Fact(.float32, [8, 64, 3, 3])])?.code == .shapeMismatch)
    for bad in [
      Attribute.ints("strides", [0, 1]), .ints("dilations", [1, -1]), .ints("pads", [-1, 0, 0, 0]),
      .ints("kernel_shape", [0, 0]), .string("auto_pad", "SAME"), .int("strides", 1), .int("padding", 1),
    ] {
      #expect(throws: GraphError.self) { try operation("Conv", bad) }
    }
  }

  @Test func hugeAttributesDoNotOverflow() throws {
    let huge = 1 << 31
    let (x, w) = (Fact(.float32, [1, 1, 4, 4]), Fact(.float32, [1, 1, 3, 3]))
    let all = [huge, huge]
    let dilated = try operation("Conv", .ints("dilations", all))
    #expect(refusal(dilated, [x, w])?.code == .shapeMismatch)
    let padded = try operation("Conv", .ints("pads", all + all))
    #expect(refusal(padded, [x, w])?.code == .tooLarge)
    let strided = try operation("Conv", .ints("pads", all + all), .ints("strides", all))
    #expect(try strided.infer([x, w]).first?.shape == [1, 1, 3, 3])
    #expect(try strided.evaluate([try counting([1, 1, 4, 4]), try counting([1, 1, 3, 3])]).first?.count == 9)
  }

  @Test func emptyTensorsGiveEmptyOrBias() throws {
    let conv = try operation("Conv")
    let none = try run(conv, [try counting([0, 1, 3, 3]), try counting([2, 1, 3, 3])])
    #expect(none.shape == [0, 2, 1, 1])
    let biasOnly = try run(
      conv, [try counting([1, 0, 2, 1]), try counting([1, 0, 1, 1]), try counting([1], from: 7)])
    #expect(biasOnly.doubles == [7, 7])
  }

  @Test func attributesSurviveTheWayOut() throws {
    let written = try operation(
      "Conv", opset: 11, .ints("pads", [1, 2, 3, 4]), .ints("strides", [2, 1]), .int("group", 3)
    ).attributes
    let again = try Operator(
      "Conv", domain: .onnx, AttributeReader("Conv", opset: 21, inputCount: 2, attributes: written))
    guard case .conv(let conv) = again else { return #expect(Bool(false)) }
    #expect(conv.window == Window(strides: [2, 1], pads: [1, 2, 3, 4]))
    #expect(conv.group == 3)
  }
}
