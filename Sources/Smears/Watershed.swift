import Imaging

/// Parts a mask along the valleys between the tops of its distances, into more pieces than cells rather than fewer.
///
/// Pixels are visited from the highest distance down. One without a numbered neighbour starts a piece; one between
/// pieces joins them where the lower of their tops is less than `depth` above it, and is otherwise their border.
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
    // Pixels of the mask by falling distance, by counting.
    var starts = [Int32](repeating: 0, count: Distance.limit + 2)
    for index in 0..<count {
      labels[index] = 0
      if values[index] != 0 { starts[Distance.limit - Int(values[index]) + 1] += 1 }
    }
    for level in 1..<starts.count { starts[level] += starts[level - 1] }
    let total = Int(starts[Distance.limit])
    let sorted = try order.room(total)
    for index in 0..<count where values[index] != 0 {
      let level = Distance.limit - Int(values[index])
      sorted[Int(starts[level])] = Int32(truncatingIfNeeded: index)
      starts[level] += 1
    }
    // Of each piece the piece that it was joined to, or itself, and its highest distance. Pieces start two pixels apart.
    let most = ((width + 1) / 2) * ((height + 1) / 2) + 1
    let parent = try pieces.room(2 * most)
    let top = parent + most
    (parent[0], top[0]) = (0, 0)
    var pieceCount: Int32 = 1
    func root(_ label: Int32) -> Int32 {
      var label = label
      while parent[Int(label)] != label {
        parent[Int(label)] = parent[Int(parent[Int(label)])]
        label = parent[Int(label)]
      }
      return label
    }
    for place in 0..<total {
      let index = Int(sorted[place])
      let y = index / width
      let x = index &- y &* width
      let value = Int32(values[index])
      // The piece of the highest neighbour, and a label that leads to it.
      var (best, raw, bestValue) = (Int32(0), Int32(0), UInt16(0))
      let (left, right) = (x > 0 ? -1 : 0, x &+ 1 < width ? 1 : 0)
      var row = y > 0 ? index &- width : index
      let last = y &+ 1 < height ? index &+ width : index
      while row <= last {
        var next = row &+ left
        while next <= row &+ right {
          let (at, there) = (next, labels[next])
          next &+= 1
          if there == 0 { continue }
          if there == raw {
            bestValue = max(bestValue, values[at])
            continue
          }
          let label = root(there)
          if best == 0 || label == best {
            (best, raw, bestValue) = (label, there, max(bestValue, values[at]))
            continue
          }
          let (high, low) = top[Int(label)] > top[Int(best)] ? (label, best) : (best, label)
          if top[Int(low)] &- value < Int32(truncatingIfNeeded: depth) {
            parent[Int(low)] = high
            (best, raw, bestValue) = (high, high, max(bestValue, values[at]))
          } else if values[at] > bestValue {
            (best, raw, bestValue) = (label, there, values[at])
          }
        }
        row &+= width
      }
      if best == 0 {
        best = pieceCount
        parent[Int(best)] = best
        top[Int(best)] = value
        pieceCount &+= 1
      }
      labels[index] = best
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
