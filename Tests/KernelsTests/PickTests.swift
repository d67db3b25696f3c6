import Kernels
import Testing

/// Elements picked by steps and by lists, of every width.
@Suite struct PickTests {
  @Test(arguments: [1, 2, 4, 8]) func pick(_ width: Int) throws {
    var noise = Noise(width)
    let x = try GuardedBytes((0..<3 * 20 * 34 * width).map { _ in noise.int(0...255) })
    let list = [5, nowhere, 0, 2, 19, 1, nowhere]
    // As it is; the middle axis listed; the last axis listed; turned; backwards; the same element again.
    let loops: [(extents: [Int], steps: [Int], listed: Int?, first: Int)] = [
      ([3, 20, 34], [680, 34, 1], nil, 0), ([3, 7, 34], [680, 34, 1], 1, 0), ([3, 20, 7], [680, 34, 1], 2, 0),
      ([3, 34, 20], [680, 1, 34], nil, 0), ([2, 10, 17], [-680, 68, -2], nil, 1393), ([4, 3], [0, 1], nil, 7),
    ]
    for loop in loops {
      var pick = tensor_pick()
      (pick.element, pick.axes, pick.first) = (width, loop.extents.count, loop.first)
      withUnsafeMutableBytes(of: &pick.fill) { for index in 0..<8 { $0[index] = 0x3c } }
      for axis in loop.extents.indices {
        withUnsafeMutableBytes(of: &pick.extents) {
          $0.storeBytes(of: loop.extents[axis], toByteOffset: axis * 8, as: Int.self)
        }
        withUnsafeMutableBytes(of: &pick.steps) {
          $0.storeBytes(of: loop.steps[axis], toByteOffset: axis * 8, as: Int.self)
        }
      }
      // The step of a listed axis is in its list.
      var scaled = list.map { $0 == nowhere ? Int.min : $0 }
      if let axis = loop.listed { scaled = scaled.map { $0 == Int.min ? $0 : $0 * loop.steps[axis] } }
      scaled.withUnsafeBufferPointer { scaled in
        if let axis = loop.listed {
          withUnsafeMutableBytes(of: &pick.offsets) {
            $0.storeBytes(of: Int(bitPattern: scaled.baseAddress), toByteOffset: axis * 8, as: Int.self)
          }
        }
        tensor_pick_plan(&pick)
        let count = loop.extents.reduce(1, *)
        guard let y = try? GuardedBytes(count: count * width) else { return }
        (pick.x, pick.y) = (UnsafeRawPointer(x.base), y.base)
        for task in (0..<pick.tasks).reversed() { tensor_pick_task(&pick, task, 0) }
        let from = x.values(signed: false)
        var expected: [Int] = []
        for index in 0..<count {
          var (rest, place) = (index, loop.first)
          var isPicked = true
          for axis in loop.extents.indices.reversed() {
            let at = rest % loop.extents[axis]
            rest /= loop.extents[axis]
            let offset = axis == loop.listed ? scaled[at] : at * loop.steps[axis]
            if offset == Int.min { isPicked = false } else { place += offset }
          }
          expected += (0..<width).map { isPicked ? from[place * width + $0] : 0x3c }
        }
        #expect(y.values(signed: false) == expected, "\(loop)")
      }
    }
  }
}

/// Stands for PICK_NOWHERE in the test's own list, before its numbers are multiplied.
private let nowhere = -1
