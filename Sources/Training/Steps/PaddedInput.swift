import Kernels
import ModelGraph

extension ConvolutionStep {
  /// Copies the input with its padding, so that the taps of a kernel row are one run of memory.
  func copyPadded(_ pass: Pass) {
    guard let padded else { return }
    let plane = geometry.plane
    let channels = geometry.channels
    let (from, (to, size)) = (pass.activation(input()), source(pass))
    // The last pixels are left out if no window reaches them.
    let rows = min(plane.height.input, padded.height - plane.height.padBefore)
    let columns = min(plane.width.input, padded.width - plane.width.padBefore)
    pass.team.run { thread, threads in
      let first = pass.images * Int(thread) / Int(threads)
      let last = pass.images * Int(thread + 1) / Int(threads)
      for image in first..<last {
        (to + image * size).update(repeating: 0, count: size)
        for row in 0..<max(rows, 0) {
          let source = from + (image * plane.height.input + row) * plane.width.input * channels
          let start = ((row + plane.height.padBefore) * padded.width + plane.width.padBefore) * channels
          (to + image * size + start).update(from: source, count: max(columns, 0) * channels)
        }
      }
    }
    if let bfloat16, pass.isTraining, let narrow = narrowSource(pass) {
      bfloat16.narrow(to, count: pass.images * size, pass, into: narrow)
    }
  }
}
