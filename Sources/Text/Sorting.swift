// One merge sort of indices for everything that is put in order here. The standard library's sort is compiled anew for each kind
// of element and each comparison: 2.5 KB each time in the static field program.

extension Array {
  /// The elements in order; equal ones stay as they were.
  public func inOrder(_ isBefore: (Element, Element) -> Bool) -> [Element] {
    let order = withoutActuallyEscaping({ isBefore(self[$0], self[$1]) }) { isBefore in
      // Through memory, so that the compiler makes no copy of the sort for a comparison.
      withUnsafePointer(to: isBefore) { orderOf(count, $0) }
    }
    return order.map { self[$0] }
  }
}

/// The numbers below `count`, in order.
@inline(never)
private func orderOf(_ count: Int, _ isBefore: UnsafePointer<(Int, Int) -> Bool>) -> [Int] {
  var order = Array(0..<count)
  var merged = order
  var width = 1
  while width < count {
    for start in stride(from: 0, to: count, by: 2 * width) {
      let (middle, end) = (min(start + width, count), min(start + 2 * width, count))
      var (left, right) = (start, middle)
      for place in start..<end {
        if left < middle, right == end || !isBefore.pointee(order[right], order[left]) {
          merged[place] = order[left]
          left += 1
        } else {
          merged[place] = order[right]
          right += 1
        }
      }
    }
    swap(&order, &merged)
    width *= 2
  }
  return order
}
