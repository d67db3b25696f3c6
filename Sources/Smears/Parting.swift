/// Decides which pieces of the watershed make one cell.
///
/// Pieces that touch are joined while that makes the picture's cells better: the sum over regions of area × quality
/// grows, where quality says how much like one cell a region is by its size and its shape.
struct Parting {
  /// Area of a typical red cell in pixels.
  let cellArea: Double
  let width: Int
  let height: Int

  /// Rises from 0 at `low` to 1 at `high`.
  private static func ramp(_ value: Double, _ low: Double, _ high: Double) -> Double {
    min(max((value - low) / (high - low), 0), 1)
  }

  /// 0 to 1.
  func quality(_ shape: Shape) -> Double {
    quality(
      size: Double(shape.area) / cellArea, solidity: shape.solidity, ellipticity: shape.ellipticity,
      isCut: shape.touchesBorder(width: width, height: height))
  }

  /// - Parameter size: in typical cells.
  func quality(size: Double, solidity: Double, ellipticity: Double, isCut: Bool) -> Double {
    var fit = Parting.ramp(size, 1.8, 1.25)
    if !isCut { fit *= Parting.ramp(size, 0.15, 0.6) }
    let round = min(Parting.ramp(solidity, 0.78, 0.95), Parting.ramp(ellipticity, 0.86, 0.97))
    return fit * round
  }

  /// For each piece of the watershed the number of its cell, from 1; and the cells' shapes, the first one empty.
  func cells(_ watershed: Watershed, _ pieces: [Shape]) -> (owner: [Int], shapes: [Shape]) {
    let count = pieces.count
    var shapes = pieces
    var worth = shapes.map { Double($0.area) * quality($0) }
    var owner = Array(0..<count)
    var neighbours = [[Int]](repeating: [], count: count)
    // Gains of joining, by contact.
    struct Pair {
      var a: Int
      var b: Int
      var gain: Double
      var worth: Double
      var shape: Shape
    }
    var pairs: [Pair] = []
    func pair(_ a: Int, _ b: Int) -> Pair {
      let shape = shapes[a].joined(shapes[b])
      let together = Double(shape.area) * quality(shape)
      return Pair(a: a, b: b, gain: together - worth[a] - worth[b], worth: together, shape: shape)
    }
    for contact in watershed.contacts {
      neighbours[contact.a].append(contact.b)
      neighbours[contact.b].append(contact.a)
      pairs.append(pair(contact.a, contact.b))
    }
    while true {
      var (best, gain) = (-1, 0.0)
      for index in 0..<pairs.count where pairs[index].gain > gain { (best, gain) = (index, pairs[index].gain) }
      if best < 0 { break }
      let joined = pairs[best]
      let (keep, drop) = (joined.a, joined.b)
      shapes[keep] = joined.shape
      worth[keep] = joined.worth
      shapes[drop] = Shape()
      for piece in 0..<count where owner[piece] == drop { owner[piece] = keep }
      var near: [Int] = []
      for other in neighbours[keep] + neighbours[drop] where other != keep && other != drop && !near.contains(other) {
        near.append(other)
      }
      neighbours[keep] = near
      for other in near {
        neighbours[other].removeAll { $0 == keep || $0 == drop }
        neighbours[other].append(keep)
      }
      pairs.removeAll { $0.a == keep || $0.b == keep || $0.a == drop || $0.b == drop }
      for other in near { pairs.append(pair(min(keep, other), max(keep, other))) }
    }
    var numbers = [Int](repeating: 0, count: count)
    var result = [Shape()]
    for piece in 0..<count where shapes[piece].area > 0 {
      numbers[piece] = result.count
      result.append(shapes[piece])
    }
    return (owner.map { numbers[$0] }, result)
  }
}
