extension CellFolder {
  /// At most `count` of the items, taken from the classes in turn and within a class from its slides in turn, so that
  /// all classes and as many slides as possible are represented. Deterministic.
  public static func evenly(_ items: [Item], count: Int) -> [Item] {
    var classes: [Int: [[Item]]] = [:]
    for label in Set(items.map { $0.label }) {
      var slides: [String: [Item]] = [:]
      for item in items where item.label == label { slides[item.slide, default: []].append(item) }
      classes[label] = slides.sorted { $0.key < $1.key }.map { $0.value }
    }
    let quota = classes.isEmpty ? 0 : (min(count, items.count) + classes.count - 1) / classes.count
    var chosen = classes.sorted { $0.key < $1.key }.map { turns($0.value, count: quota) }
    // A class with too few items leaves its share to the others.
    let missing = min(count, items.count) - chosen.reduce(0) { $0 + $1.count }
    if missing > 0 {
      let taken = Set(chosen.joined().map { $0.path })
      chosen.append(Array(items.filter { !taken.contains($0.path) }.prefix(missing)))
    }
    var result: [Item] = []
    for round in 0..<(chosen.map { $0.count }.max() ?? 0) {
      for list in chosen where round < list.count { result.append(list[round]) }
    }
    return Array(result.prefix(count))
  }

  /// One item of every slide, then a second of every slide, and so on; the last round takes evenly spaced slides.
  private static func turns(_ slides: [[Item]], count: Int) -> [Item] {
    var result: [Item] = []
    var round = 0
    while result.count < count {
      let left = slides.filter { $0.count > round }
      guard !left.isEmpty else { break }
      let wanted = min(left.count, count - result.count)
      for index in 0..<wanted { result.append(left[index * left.count / wanted][round]) }
      round += 1
    }
    return result
  }
}
