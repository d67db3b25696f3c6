import ModelGraph

/// Mul of two activations of the same shape, or of one with a factor for each of its channels, `[N, C, 1, 1]`, as in
/// squeeze and excitation. Operands: a, b.
final class MulStep: Step {
  /// The operand that may be smaller.
  private let factor: Int

  /// nil if the node multiplies in another way.
  init?(place: String, operands: [Operand?], output: Slot) {
    guard operands.count == 2, let a = operands[0]?.slot, let b = operands[1]?.slot, a !== b else { return nil }
    factor = b.shape == output.shape ? 0 : 1
    let (whole, part) = factor == 1 ? (a, b) : (b, a)
    guard whole.shape == output.shape, whole.isBatched, part.isBatched, output.isBatched,
      part.shape == whole.shape
        || part.shape.rank == whole.shape.rank && part.isChannelsLast && part.pixels == 1
          && part.channels == whole.channels
    else { return nil }
    super.init(place: place, kind: "Mul", operands: operands, output: output)
  }

  override var readsBackward: [Slot] { [input(0), input(1)] }

  /// Rows of a picture, each multiplied with the factor's one row of `width` floats.
  private func layout() -> (rows: Int, width: Int) {
    let (whole, part) = (input(1 - factor), input(factor))
    return whole.shape == part.shape ? (1, whole.channels * whole.pixels) : (whole.pixels, whole.channels)
  }

  private func forEachImage(_ pass: Pass, _ work: (Int) -> Void) {
    pass.team.run { thread, threads in
      let (thread, threads) = (Int(thread), Int(threads))
      for image in pass.images * thread / threads..<pass.images * (thread + 1) / threads { work(image) }
    }
  }

  override func forward(_ pass: Pass) throws {
    let (x, w, y) = (pass.activation(input(1 - factor)), pass.activation(input(factor)), pass.activation(output))
    let (rows, width) = layout()
    forEachImage(pass) { image in
      let w = w + image * width
      for row in image * rows..<(image + 1) * rows {
        let (x, y) = (x + row * width, y + row * width)
        for column in 0..<width { y[column] = x[column] * w[column] }
      }
    }
  }

  override func backward(_ pass: Pass) throws {
    let (x, w, dy) = (pass.activation(input(1 - factor)), pass.activation(input(factor)), pass.gradient(output))
    let (rows, width) = layout()
    if modes[1 - factor] != .unwanted {
      let dx = pass.gradient(input(1 - factor))
      let adds = modes[1 - factor] == .accumulate
      forEachImage(pass) { image in
        let w = w + image * width
        for row in image * rows..<(image + 1) * rows {
          let (dx, dy) = (dx + row * width, dy + row * width)
          if adds {
            for column in 0..<width { dx[column] += dy[column] * w[column] }
          } else {
            for column in 0..<width { dx[column] = dy[column] * w[column] }
          }
        }
      }
    }
    if modes[factor] != .unwanted {
      let dw = pass.gradient(input(factor))
      let adds = modes[factor] == .accumulate
      forEachImage(pass) { image in
        let dw = dw + image * width
        if !adds { dw.update(repeating: 0, count: width) }
        for row in image * rows..<(image + 1) * rows {
          let (x, dy) = (x + row * width, dy + row * width)
          for column in 0..<width { dw[column] += x[column] * dy[column] }
        }
      }
    }
  }
}
