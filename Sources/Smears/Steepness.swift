/// How steep a plane is where it has each value: mean differences between neighbours, by value.
///
/// At the edges of cells the contrast is steep; in plasma that is stained it is not, though its contrast may be that of
/// pale cells.
struct Steepness {
  private var means = [Float](repeating: 0, count: 256)

  /// Takes every second row.
  init(_ plane: Plane) {
    var counts = [Int32](repeating: 0, count: 256)
    var sums = counts
    let (width, height) = (plane.width, plane.height)
    counts.withUnsafeMutableBufferPointer { counts in
      sums.withUnsafeMutableBufferPointer { sums in
        for y in stride(from: 1, to: height - 1, by: 2) where width > 2 {
          let line = plane.bytes + y * width
          for x in 1..<(width - 1) {
            let across = abs(Int32(line[x + 1]) - Int32(line[x - 1]))
            let down = abs(Int32(line[x + width]) - Int32(line[x - width]))
            counts[Int(line[x])] &+= 1
            sums[Int(line[x])] &+= across &+ down
          }
        }
      }
    }
    // Means over 9 values.
    for value in 0..<256 {
      var (count, sum) = (0, 0)
      for near in max(value - 4, 0)...min(value + 4, 255) {
        count += Int(counts[near])
        sum += Int(sums[near])
      }
      means[value] = Float(sum) / Float(max(count, 1))
    }
  }

  /// The lowest value in `range` that is nearly as steep as the steepest one.
  func edge(in range: ClosedRange<Int>) -> Int {
    var most: Float = 0
    for value in range { most = max(most, means[value]) }
    for value in range where means[value] >= 0.85 * most { return value }
    return range.lowerBound
  }
}
