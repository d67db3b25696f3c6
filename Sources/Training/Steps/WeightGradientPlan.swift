import ModelGraph
import TrainingKernels

/// For each tap, the pairs of an input pixel and the output position that reads it: the terms of the weight gradient.
struct WeightGradientPlan {
  var pairs: [train_pair] = []
  var starts: [Int32] = [0]

  init(_ plane: WindowPlane, inputChannels: Int) {
    for tapY in 0..<plane.height.kernel {
      for tapX in 0..<plane.width.kernel {
        for y in plane.height.outputs(reading: tapY) {
          let row = (plane.height.start(y) + tapY * plane.height.dilation) * plane.width.input
          for x in plane.width.outputs(reading: tapX) {
            let pixel = row + plane.width.start(x) + tapX * plane.width.dilation
            pairs.append(
              train_pair(x: Int32(pixel * inputChannels), position: Int32(y * plane.width.output + x)))
          }
        }
        starts.append(Int32(pairs.count))
      }
    }
  }

  /// Over a padded copy of the input: each kernel row is one tap.
  init(padded plane: WindowPlane, paddedWidth: Int, inputChannels: Int) {
    for tap in 0..<plane.height.kernel {
      for y in 0..<plane.height.output {
        let row = (y * plane.height.stride + tap * plane.height.dilation) * paddedWidth
        for x in 0..<plane.width.output {
          pairs.append(
            train_pair(
              x: Int32((row + x * plane.width.stride) * inputChannels), position: Int32(y * plane.width.output + x)))
        }
      }
      starts.append(Int32(pairs.count))
    }
  }
}
