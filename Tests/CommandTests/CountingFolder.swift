import Foundation
import Imaging
import ModelGraph
import ONNXFormat
import PictureModels
import TestSupport

/// A folder with drawn fields, and a model that tells their dark cells from the pale ones.
struct CountingFolder {
  let folder: TemporaryFolder
  var model: String { folder.path("cells.onnx") }

  init(_ change: (inout ModelMetadata) -> Void = { _ in }) throws {
    folder = try TemporaryFolder()
    try ONNXFile.write(try CountingFolder.model(change), to: model)
  }

  func path(_ name: String) -> String { folder.path(name) }

  /// Draws a field of 8 × 6 cells of 50 pixels, `infected` of them dark, in the middle rows. The outermost cells touch the frame's
  /// left and upper sides, or are complete: all are in the picture, 46 pixels from its border.
  ///
  /// - Parameter change: what to draw over it.
  func draw(
    _ name: String, infected: Int = 0, cells: Int = 48, width: Int = 760, height: Int = 600,
    _ change: (inout Picture) -> Void = { _ in }
  ) throws {
    if name.contains("/") {
      try FileManager.default.createDirectory(
        atPath: folder.path(String(name[..<(name.lastIndex(of: "/") ?? name.startIndex)])),
        withIntermediateDirectories: true)
    }
    var picture = Picture(width: width, height: height)
    for index in 0..<(width * height) { CountingFolder.set(&picture, index, (230, 235, 225)) }
    for cell in 0..<cells {
      // Dark cells are counted from the middle of the field.
      let isInfected = (cell + cells / 2 + 4) % cells < infected
      let (x, y) = (Double(71 + cell % 8 * 88), Double(71 + cell / 8 * 88))
      let radius = 23 + Double(cell * 5 % 7) * 0.5
      for row in Int(y - radius)...Int(y + radius) {
        for column in Int(x - radius)...Int(x + radius) {
          let (u, v) = (Double(column) - x, Double(row) - y)
          if u * u + v * v > radius * radius { continue }
          CountingFolder.set(&picture, row * width + column, isInfected ? (150, 100, 112) : (200, 140, 150))
        }
      }
    }
    change(&picture)
    try PNGFile.write(picture, to: folder.path(name))
  }

  /// The centre of a drawn cell.
  static func centre(_ cell: Int) -> (x: Int, y: Int) { (71 + cell % 8 * 88, 71 + cell / 8 * 88) }

  static func disc(
    _ picture: inout Picture, _ centre: (x: Int, y: Int), radius: Int, _ color: (UInt8, UInt8, UInt8),
    where isIn: (_ x: Int, _ y: Int) -> Bool = { _, _ in true }
  ) {
    for y in -radius...radius {
      for x in -radius...radius where x * x + y * y <= radius * radius && isIn(x, y) {
        set(&picture, (centre.y + y) * picture.width + centre.x + x, color)
      }
    }
  }

  private static func set(_ picture: inout Picture, _ index: Int, _ color: (UInt8, UInt8, UInt8)) {
    picture.pixels[3 * index] = color.0
    picture.pixels[3 * index + 1] = color.1
    picture.pixels[3 * index + 2] = color.2
  }

  /// Green light through the cut around a pale cell is 183 on average, around a dark one 161: between them the model decides.
  ///
  /// - Parameter corner: only the upper left quarter of a cut is looked at.
  static func model(corner: Bool = false, _ change: (inout ModelMetadata) -> Void) throws -> Graph {
    var graph = Graph(name: "counting")
    let input = graph.addInput("input", Declaration(.float32, [.symbol("N"), .fixed(3), .fixed(8), .fixed(8)]))
    let pooled = corner ? input : graph.add(try Operator(named: "GlobalAveragePool"), "pool", [input])
    let flat = graph.add(try Operator(named: "Flatten"), "flat", [pooled])
    let green: [(Int) -> Float] = [
      { $0 == 1 ? -60 : 0 }, { $0 / 64 == 1 && $0 % 64 < 32 && $0 % 8 < 4 ? -60 / 16 : 0 },
    ]
    let values: [Float] = (0..<(corner ? 192 : 3)).flatMap { [green[corner ? 1 : 0]($0), 0] }
    let weights = graph.addConstant("w", try Tensor([corner ? 192 : 3, 2], values))
    let bias = graph.addConstant("b", try Tensor([2], [60 * 0.698, 0] as [Float]))
    graph.outputs = [graph.add(try Operator(named: "Gemm"), "logits", [flat, weights, bias])]
    var metadata = ModelMetadata()
    metadata.classes = ["infected", "healthy"]
    metadata.positive = "infected"
    metadata.inputSize = [8, 8]
    (metadata.mean, metadata.std) = ([0.5, 0.5, 0.5], [0.25, 0.25, 0.25])
    metadata.cell = CellCut(margin: 0.1)
    change(&metadata)
    graph.metadata = metadata.entries
    return graph
  }
}

/// The lines of `count --format jsonl`.
struct CountLines {
  let fields: [[String: Any]]
  let slides: [[String: Any]]

  init(_ text: String) throws {
    let lines = try text.split(separator: "\n").map {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
    }
    fields = lines.filter { $0["cells"] != nil }
    slides = lines.filter { $0["cells"] == nil }
  }

  static func numbers(_ lines: [[String: Any]], _ key: String) -> [Int] { lines.map { $0[key] as? Int ?? -1 } }
}
