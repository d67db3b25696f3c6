// Arrays in kernels' structs, which Swift has as tuples.

/// Stores `numbers` in an array of C's, one behind the other from element `first` on. They must fit.
func store<Array>(_ numbers: [Int], from first: Int = 0, in target: inout Array) {
  withUnsafeMutableBytes(of: &target) { target in
    for (index, number) in numbers.enumerated() {
      target.storeBytes(of: number, toByteOffset: (first + index) * MemoryLayout<Int>.stride, as: Int.self)
    }
  }
}

/// Stores at most four `numbers` as the last of C's four.
func store(_ numbers: [Int], asLastOf target: inout (Int, Int, Int, Int)) {
  store(numbers, from: 4 - numbers.count, in: &target)
}
