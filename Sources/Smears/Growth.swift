/// Regions that grow by one pixel along rows and columns in each step.
struct Growth {
  private var front: [Int32] = []

  init(_ labels: Labels) {
    let (width, height) = (labels.width, labels.height)
    for y in 0..<height {
      for x in 0..<width {
        let index = y * width + x
        if labels.numbers[index] == 0 { continue }
        if (x > 0 && labels.numbers[index - 1] == 0) || (x + 1 < width && labels.numbers[index + 1] == 0)
          || (y > 0 && labels.numbers[index - width] == 0) || (y + 1 < height && labels.numbers[index + width] == 0)
        {
          front.append(Int32(index))
        }
      }
    }
  }

  mutating func step(_ labels: Labels, where isOpen: (Int) -> Bool, meeting: (Int, Int) -> Void) {
    let (width, height) = (labels.width, labels.height)
    var next: [Int32] = []
    for place in front {
      let index = Int(place)
      let label = labels.numbers[index]
      let (x, y) = (index % width, index / width)
      func visit(_ other: Int) {
        let there = labels.numbers[other]
        if there == 0 {
          if isOpen(other) {
            labels.numbers[other] = label
            next.append(Int32(other))
          }
        } else if there != label {
          meeting(Int(label), Int(there))
        }
      }
      if y > 0 { visit(index - width) }
      if x > 0 { visit(index - 1) }
      if x + 1 < width { visit(index + 1) }
      if y + 1 < height { visit(index + width) }
    }
    front = next
  }
}
