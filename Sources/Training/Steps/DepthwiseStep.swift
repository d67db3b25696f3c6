import Kernels
import ModelGraph
import TrainingKernels

/// Conv with one filter per channel. Operands: X, W, B (optional).
final class DepthwiseStep: Step {
  private let geometry: ConvolutionGeometry

  init(place: String, operands: [Operand?], output: Slot, geometry: ConvolutionGeometry) {
    self.geometry = geometry
    super.init(place: place, kind: "Conv (depthwise)", operands: operands, output: output)
  }

  override var readsBackward: [Slot] { modes[1] == .unwanted ? [] : [input()] }

  override func forward(_ pass: Pass) throws {
    guard let w = parameter(1) else { return }
    var pool = train_pool(geometry.plane, images: pass.images, channels: geometry.channels)
    let (x, y, weights) = (pass.activation(input()), pass.activation(output), pass.weights(w))
    let bias = parameter(2).map { pass.weights($0) }
    withUnsafePointer(to: &pool) { pool in
      pass.team.run { thread, threads in pass.kernels.depthwise(pool, x, weights, bias, y, thread, threads) }
    }
  }

  override func backward(_ pass: Pass) throws {
    guard let w = parameter(1) else { return }
    var pool = train_pool(geometry.plane, images: pass.images, channels: geometry.channels)
    let dy = pass.gradient(output)
    withUnsafePointer(to: &pool) { pool in
      if modes[0] != .unwanted {
        let (dx, weights) = (pass.gradient(input()), pass.weights(w))
        let adds: Int32 = modes[0] == .accumulate ? 1 : 0
        pass.team.run { thread, threads in
          pass.kernels.depthwise_data_gradient(pool, dy, weights, dx, adds, thread, threads)
        }
      }
      if modes[1] != .unwanted {
        let (x, dw) = (pass.activation(input()), pass.gradient(w))
        let adds: Int32 = modes[1] == .accumulate ? 1 : 0
        pass.team.run { thread, threads in
          pass.kernels.depthwise_weight_gradient(pool, x, dy, dw, adds, thread, threads)
        }
      }
    }
    if let bias = parameter(2), modes[2] != .unwanted {
      let sums = pass.gradient(bias)
      let adds: Int32 = modes[2] == .accumulate ? 1 : 0
      let rows = Int64(pass.images * geometry.plane.outputCount)
      pass.team.run { thread, threads in
        pass.kernels.column_sums(dy, rows, Int32(geometry.channels), sums, adds, thread, threads)
      }
    }
  }
}

extension train_pool {
  init(_ plane: WindowPlane, images: Int, channels: Int) {
    self.init(
      images: Int32(images), channels: Int32(channels), in_height: Int32(plane.height.input),
      in_width: Int32(plane.width.input), out_height: Int32(plane.height.output), out_width: Int32(plane.width.output),
      kernel_height: Int32(plane.height.kernel), kernel_width: Int32(plane.width.kernel),
      stride_height: Int32(plane.height.stride), stride_width: Int32(plane.width.stride),
      dilation_height: Int32(plane.height.dilation), dilation_width: Int32(plane.width.dilation),
      pad_top: Int32(plane.height.padBefore), pad_left: Int32(plane.width.padBefore))
  }
}
