import Kernels
import ModelGraph

/// `bytes_transpose`: the other layout of an 8-bit value, for a node without a kernel.
final class BytesTransposeStep: Step {
  private var parameters = bytes_transpose()

  /// - Parameter layout: the one that it changes to.
  init(_ shape: Shape, to layout: Layout) {
    parameters.batch = shape[0]
    (parameters.rows, parameters.columns) =
      layout == .channelsLast ? (shape[1], shape.planeCount) : (shape.planeCount, shape[1])
  }

  var kernel: String { "bytes_transpose" }
  var needs: StepNeeds { .operandsOnly }
  func pack(_ packer: Packer) {}

  func bind(_ binder: Binder) {
    var parameters = parameters
    parameters.x = binder.address(0)
    parameters.y = binder.result()
    binder.call(bytes_transpose_task, parameters, tasks: parameters.batch) {
      $0.assumingMemoryBound(to: bytes_transpose.self).pointee.x = $1
    }
  }
}
