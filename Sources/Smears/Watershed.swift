import Imaging

/// Parts a mask along the valleys between the tops of its distances, into more pieces than cells rather than fewer.
///
/// Each pixel belongs to the top that the steepest way up leads to; of equal pixels the earlier one is higher. Then two
/// pieces are joined, at the highest pass between any two first, where the lower of their tops is less than `depth`
/// above the pass. So only pixels at the borders of pieces have to be put in order.
struct Watershed {
  /// Two pieces that touch.
  struct Contact {
    let a: Int
    let b: Int
    /// The highest distance on their common border, in units of ``Distance``.
    var pass: Int
    /// Pairs of neighbouring pixels across it.
    var length: Int
  }

  let labels: Labels
  /// The highest distance in each piece; index 0 is unused.
  let tops: [Int]
  let contacts: [Contact]

  init(
    _ distance: Distance, depth: Int, numbers: Scratch<Int32>, order: Scratch<Int32>, pieces: Scratch<Int32>
  ) throws(ImagingError) {
    let (width, height, values) = (distance.width, distance.height, distance.values)
    let count = width * height
    let labels = try numbers.room(count)
    let ways = try order.room(2 * count)
    let sorted = ways + count
    // Of each piece the piece that it was joined to, or itself, and its highest distance. Tops lie two pixels apart.
    let most = ((width + 1) / 2) * ((height + 1) / 2) + 1
    let parent = try pieces.room(2 * most)
    let top = parent + most
    (parent[0], top[0]) = (0, 0)
    let pieceCount = Watershed.climb(distance, labels, ways, parent, top)
    func root(_ label: Int32) -> Int32 {
      var label = label
      while parent[Int(label)] != label {
        parent[Int(label)] = parent[Int(parent[Int(label)])]
        label = parent[Int(label)]
      }
      return label
    }
    let border = Watershed.border(distance, labels, ways, sorted)
    for place in 0..<border {
      let index = Int(sorted[place])
      let value = values[index]
      Watershed.forEachNeighbour(of: index, width, height) { next in
        if labels[next] == 0 || values[next] < value || (values[next] == value && next > index) { return }
        let (a, b) = (root(labels[index]), root(labels[next]))
        if a == b { return }
        let (high, low) = top[Int(b)] > top[Int(a)] ? (b, a) : (a, b)
        if top[Int(low)] &- Int32(value) < Int32(truncatingIfNeeded: depth) { parent[Int(low)] = high }
      }
    }
    // Final numbers in the order of first pixels.
    var final = [Int32](repeating: 0, count: Int(pieceCount))
    var tops = [0]
    for index in 0..<count where labels[index] != 0 {
      let label = Int(root(labels[index]))
      if final[label] == 0 {
        final[label] = Int32(tops.count)
        tops.append(Int(top[label]))
      }
      labels[index] = final[label]
    }
    self.labels = Labels(width: width, height: height, numbers: labels, count: tops.count - 1)
    self.tops = tops
    contacts = Watershed.contacts(self.labels, distance)
  }

  private static func forEachNeighbour(of index: Int, _ width: Int, _ height: Int, _ body: (Int) -> Void) {
    let y = index / width
    let x = index &- y &* width
    for row in max(y &- 1, 0)...min(y &+ 1, height &- 1) {
      for column in max(x &- 1, 0)...min(x &+ 1, width &- 1) where row != y || column != x {
        body(row &* width &+ column)
      }
    }
  }

  /// Gives each pixel of the mask the number of the top above it, from 1, and each number its top.
  ///
  /// - Parameter ways: room for the way from a pixel to its top.
  /// - Returns: the number of tops and 1.
  private static func climb(
    _ distance: Distance, _ labels: UnsafeMutablePointer<Int32>, _ ways: UnsafeMutablePointer<Int32>,
    _ parent: UnsafeMutablePointer<Int32>, _ top: UnsafeMutablePointer<Int32>
  ) -> Int32 {
    let (width, height, values) = (distance.width, distance.height, distance.values)
    // First the place of the next pixel upwards, as −1 − place; that of a top is its own.
    for y in 0..<height {
      let line = y &* width
      for x in 0..<width {
        let index = line &+ x
        if values[index] == 0 {
          labels[index] = 0
          continue
        }
        var (best, highest) = (index, UInt32(0))
        // A pixel's height is its value, with a last bit for pixels that are higher if equal.
        func look(_ next: Int, _ earlier: UInt32) {
          let level = UInt32(values[next]) << 1 | earlier
          best = level > highest ? next : best
          highest = max(level, highest)
        }
        let (isFirst, isLast) = (x == 0, x &+ 1 == width)
        if y > 0 {
          if !isFirst { look(index &- width &- 1, 1) }
          look(index &- width, 1)
          if !isLast { look(index &- width &+ 1, 1) }
        }
        if !isFirst { look(index &- 1, 1) }
        if !isLast { look(index &+ 1, 0) }
        if y &+ 1 < height {
          if !isFirst { look(index &+ width &- 1, 0) }
          look(index &+ width, 0)
          if !isLast { look(index &+ width &+ 1, 0) }
        }
        let isTop = highest <= UInt32(values[index]) << 1
        labels[index] = Int32(truncatingIfNeeded: -1 &- (isTop ? index : best))
      }
    }
    var pieceCount: Int32 = 1
    for index in 0..<(width &* height) where labels[index] < 0 {
      var (at, length) = (index, 0)
      while true {
        let next = Int(-1 &- labels[at])
        if next == at {
          labels[at] = pieceCount
          parent[Int(pieceCount)] = pieceCount
          top[Int(pieceCount)] = Int32(values[at])
          pieceCount &+= 1
          break
        }
        ways[length] = Int32(truncatingIfNeeded: at)
        length &+= 1
        at = next
        if labels[at] > 0 { break }
      }
      for step in 0..<length { labels[Int(ways[step])] = labels[at] }
    }
    return pieceCount
  }

  /// Writes the pixels that have a neighbour in another piece to `sorted`, by falling distance.
  ///
  /// - Parameter found: room for the same pixels before they are in order.
  /// - Returns: their number.
  private static func border(
    _ distance: Distance, _ labels: UnsafeMutablePointer<Int32>, _ found: UnsafeMutablePointer<Int32>,
    _ sorted: UnsafeMutablePointer<Int32>
  ) -> Int {
    let (width, height, values) = (distance.width, distance.height, distance.values)
    var starts = [Int32](repeating: 0, count: Distance.limit + 2)
    var total = 0
    for y in 0..<height {
      let here = labels + y &* width
      let (above, below) = (labels + max(y &- 1, 0) &* width, labels + min(y &+ 1, height &- 1) &* width)
      for x in 0..<width where here[x] != 0 {
        let label = here[x]
        func differs(_ other: Int32) -> Bool { (other != 0) && (other != label) }
        let (left, right) = (max(x &- 1, 0), min(x &+ 1, width &- 1))
        if differs(here[left]) || differs(here[right]) || differs(above[left]) || differs(above[x])
          || differs(above[right]) || differs(below[left]) || differs(below[x]) || differs(below[right])
        {
          let index = y &* width &+ x
          found[total] = Int32(truncatingIfNeeded: index)
          total &+= 1
          starts[Distance.limit - Int(values[index]) + 1] += 1
        }
      }
    }
    for level in 1..<starts.count { starts[level] += starts[level - 1] }
    for place in 0..<total {
      let level = Distance.limit - Int(values[Int(found[place])])
      sorted[Int(starts[level])] = found[place]
      starts[level] += 1
    }
    return total
  }

  private static func contacts(_ labels: Labels, _ distance: Distance) -> [Contact] {
    let (width, height) = (labels.width, labels.height)
    // Contacts of each piece with pieces of higher numbers.
    var lists = [[Contact]](repeating: [], count: labels.count + 1)
    for y in 0..<height {
      for x in 0..<width {
        let index = y * width + x
        let here = labels.numbers[index]
        if here == 0 { continue }
        func meet(_ next: Int) {
          let there = labels.numbers[next]
          if there == 0 || there == here { return }
          let (a, b) = (Int(min(here, there)), Int(max(here, there)))
          let pass = Int(min(distance.values[index], distance.values[next]))
          for at in 0..<lists[a].count where lists[a][at].b == b {
            lists[a][at].pass = max(lists[a][at].pass, pass)
            lists[a][at].length += 1
            return
          }
          lists[a].append(Contact(a: a, b: b, pass: pass, length: 1))
        }
        if x + 1 < width { meet(index + 1) }
        if y + 1 < height { meet(index + width) }
      }
    }
    var all: [Contact] = []
    for list in lists { all += list }
    return all
  }
}
