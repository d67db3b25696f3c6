import Kernels
import ModelGraph

/// `f32_transpose`: the other layout of a value of four-byte elements.
final class TransposeStep: Step {
  private var parameters = f32_transpose()
  let kernel: String

  /// - Parameter layout: the one that it changes to.
  init(_ shape: Shape, to layout: Layout, _ level: kernels_level) {
    let toLast = layout == .channelsLast
    kernel = toLast ? "f32_nchw_to_nhwc" : "f32_nhwc_to_nchw"
    parameters.isa = level
    parameters.batch = shape[0]
    (parameters.rows, parameters.columns) = toLast ? (shape[1], shape.planeCount) : (shape.planeCount, shape[1])
    f32_transpose_plan(&parameters)
  }

  var needs: StepNeeds { .operandsOnly }
  func pack(_ packer: Packer) {}

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.floats(0)
    parameters.y = binder.floatResult()
    binder.call(
      f32_transpose_task, parameters, tasks: parameters.tasks,
      setInput: {
        $0.assumingMemoryBound(to: f32_transpose.self).pointee.x = $1?.assumingMemoryBound(to: Float.self)
      },
      setOutput: {
        $0.assumingMemoryBound(to: f32_transpose.self).pointee.y = $1?.assumingMemoryBound(to: Float.self)
      })
  }
}
