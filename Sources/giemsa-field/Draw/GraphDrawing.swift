import Giemsa
import Text

/// A graph as SVG: a row for each step of the longest path, lines from top to bottom, and long ones past the right side of
/// what they jump over.
struct GraphDrawing {
  private struct Frame {
    var x = 0
    var width = 0
    var row = 0
  }

  private let graph: FoldedGraph
  private var frames: [Frame]
  private var rows: [[Int]] = []

  private static let (rowHeight, boxHeight, gap, characterWidth) = (64, 36, 24, 7)

  init(_ graph: FoldedGraph) {
    self.graph = graph
    frames = []
    for (index, box) in graph.boxes.enumerated() {
      var frame = Frame()
      let characters = max(Self.length(box.title), Self.length(box.detail))
      frame.width = characters * Self.characterWidth + 20
      for input in graph.inputs[index] { frame.row = max(frame.row, frames[input].row + 1) }
      frames.append(frame)
      while rows.count <= frame.row { rows.append([]) }
      rows[frame.row].append(index)
    }
    for row in rows { place(row) }
    let left = frames.reduce(0) { min($0, $1.x) }
    for index in frames.indices { frames[index].x += 40 - left }
  }

  private static func length(_ text: String) -> Int { min(text.printable.unicodeScalars.count, 48) }

  /// Puts each box of a row below the middle of what it reads, and moves them apart where they overlap.
  private mutating func place(_ row: [Int]) {
    func middle(_ index: Int) -> Int {
      let inputs = graph.inputs[index]
      return inputs.isEmpty ? 0 : inputs.reduce(0) { $0 + frames[$1].x + frames[$1].width / 2 } / inputs.count
    }
    let wanted = row.map { (index: $0, middle: middle($0)) }.inOrder { $0.middle < $1.middle }
    var right = Int.min
    var shift = 0
    for (index, middle) in wanted {
      let x = middle - frames[index].width / 2
      frames[index].x = right == Int.min ? x : max(x, right + Self.gap)
      shift += frames[index].x - x
      right = frames[index].x + frames[index].width
    }
    for (index, _) in wanted { frames[index].x -= shift / wanted.count }
  }

  private func top(_ index: Int) -> Int { 40 + frames[index].row * Self.rowHeight }

  var svg: String {
    var lines = ""
    var right = frames.reduce(0) { max($0, $1.x + $1.width) }
    for index in frames.indices {
      for input in graph.inputs[index] { lines += line(from: input, to: index, &right) }
    }
    var text = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(right + 40)\" "
    text += "height=\"\(rows.count * Self.rowHeight + 60)\" font-family=\"monospace\" font-size=\"11\">\n"
    text += "<style>rect{stroke:#555}path{fill:none;stroke:#888}.b{fill:none;stroke:#c60;stroke-dasharray:4}</style>\n"
    text += "<rect width=\"100%\" height=\"100%\" fill=\"#fff\" style=\"stroke:none\"/>\n"
    for block in graph.blocks { text += frame(block) }
    text += lines
    for (index, box) in graph.boxes.enumerated() { text += self.box(index, box) }
    return text + "</svg>\n"
  }

  private func box(_ index: Int, _ box: GraphPicture.Box) -> String {
    let (frame, y) = (frames[index], top(index))
    let fill =
      switch box.kind {
      case .port: "#eee"
      case .product: "#bcd8f5"
      case .quantization: "#fbdcae"
      case .movement: "#f4f4f4"
      case .other: "#cdeccb"
      }
    let middle = frame.x + frame.width / 2
    func label(_ text: String) -> String { HTMLText.escaped(text.printable.shortened(to: 44)) }
    return "<g><title>\(label(box.name))</title><rect x=\"\(frame.x)\" y=\"\(y)\" width=\"\(frame.width)\" "
      + "height=\"\(Self.boxHeight)\" rx=\"5\" fill=\"\(fill)\"/>"
      + "<text x=\"\(middle)\" y=\"\(y + 15)\" text-anchor=\"middle\" font-weight=\"bold\">\(label(box.title))</text>"
      + "<text x=\"\(middle)\" y=\"\(y + 29)\" text-anchor=\"middle\">\(label(box.detail))</text></g>\n"
  }

  private func line(from: Int, to: Int, _ right: inout Int) -> String {
    let (x1, y1) = (frames[from].x + frames[from].width / 2, top(from) + Self.boxHeight)
    let (x2, y2) = (frames[to].x + frames[to].width / 2, top(to))
    let (first, last) = (frames[from].row + 1, frames[to].row)
    if first >= last { return "<path d=\"M\(x1),\(y1)C\(x1),\(y1 + 14) \(x2),\(y2 - 14) \(x2),\(y2)\"/>\n" }
    var side = max(x1, x2)
    // Of a long line all that it passes would take long: a hundred rows are enough to see.
    for row in rows[first..<min(last, first + 100)] {
      for index in row { side = max(side, frames[index].x + frames[index].width) }
    }
    // Lines beside each other are told apart.
    side += 12 + (last - first) % 5 * 6
    right = max(right, side)
    return "<path d=\"M\(x1),\(y1)C\(x1),\(y1 + 24) \(side),\(y1) \(side),\(y1 + 28)V\(y2 - 28)"
      + "C\(side),\(y2) \(x2),\(y2 - 24) \(x2),\(y2)\"/>\n"
  }

  private func frame(_ block: FoldedGraph.Block) -> String {
    var (left, right, least, most) = (Int.max, 0, Int.max, 0)
    for index in block.range {
      left = min(left, frames[index].x)
      right = max(right, frames[index].x + frames[index].width)
      least = min(least, top(index))
      most = max(most, top(index) + Self.boxHeight)
    }
    return "<rect class=\"b\" x=\"\(left - 10)\" y=\"\(least - 10)\" width=\"\(right - left + 20)\" "
      + "height=\"\(most - least + 20)\"/><text x=\"\(left - 14)\" y=\"\(least + 12)\" text-anchor=\"end\" fill=\"#c60\" "
      + "font-weight=\"bold\">\(block.count) ×</text>\n"
  }
}
