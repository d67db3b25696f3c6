import Foundation

/// An object of a drawn field with its exact outline.
public struct DrawnObject: Sendable {
  public enum Category: String, Sendable, CaseIterable {
    case redCell = "red blood cell"
    case infected = "infected"
    case whiteCell = "white cell"
    case platelet = "platelet"
  }

  public let category: Category
  /// A polygon in pixels of the picture, clipped to it.
  public let outline: [(x: Double, y: Double)]

  /// - Parameters:
  ///   - shape: in pixels of the picture; (0.5, 0.5) is the middle of the first one.
  ///   - width, height: the picture's; nil if nothing of the object is in it.
  init?(_ category: Category, _ shape: Outline, width: Int, height: Int) {
    self.category = category
    let count = 72
    outline = (0..<count).map { step in
      let angle = Float(step) * 2 * .pi / Float(count)
      let reach = shape.reach(angle)
      func clipped(_ value: Float, _ limit: Int) -> Double { min(max(Double(value), 0), Double(limit)) }
      return (clipped(shape.x + cos(angle) * reach, width), clipped(shape.y + sin(angle) * reach, height))
    }
    if area < 1 { return nil }
  }

  /// The smallest box around the outline.
  public var box: AnnotatedBox {
    let (across, down) = (outline.map { $0.x }, outline.map { $0.y })
    let (left, top) = (across.min() ?? 0, down.min() ?? 0)
    return AnnotatedBox(
      category.rawValue, x: left, y: top, width: (across.max() ?? 0) - left, height: (down.max() ?? 0) - top)
  }

  /// In square pixels.
  public var area: Double {
    var sum = 0.0
    for (index, point) in outline.enumerated() {
      let next = outline[(index + 1) % outline.count]
      sum += point.x * next.y - next.x * point.y
    }
    return abs(sum) / 2
  }
}
