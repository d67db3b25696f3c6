import Imaging
import ModelGraph
import PictureModels
import Platform
import Smears
import Text

/// Counts the cells of thin-film fields: finds them, and has a ``PictureClassifier`` judge each red cell.
///
/// ```swift
/// let counter = try FieldCounter(PictureClassifier(contentsOf: "cells.onnx"))
/// let field = try counter.count(contentsOf: "field.jpg")
/// print(field.redCells, field.infected)
/// ```
///
/// A counter belongs to one thread at a time, as its classifier does.
public final class FieldCounter {
  public struct Options: Sendable {
    /// The class of infected cells; nil: the file's `giemsa.positive`.
    public var positive: String?
    /// The probability of that class from which a cell counts as infected; nil: as the file says.
    public var threshold: Double?
    /// How cells are cut out for the model; nil: the file's `giemsa.cell`, or along their outline on black, as the cells of
    /// the NIH set are.
    public var cut: CellCut?
    /// Metres of the specimen that a pixel spans; nil: the picture's own scale, if it has a plausible one. The found
    /// cells' size is checked with it.
    public var pixelSize: Double?
    /// In how many orientations a cell is judged, 1 or 8; nil: the file's `giemsa.looks`, or 1. In all eight only what may
    /// be infected is judged: from a tenth of the threshold on.
    public var looks: Int?
    /// Whether red cells outside the counting frame are judged too. Counts are the same without.
    public var judgesAll = true

    public init() {}
  }

  /// Seconds spent in each part of counting.
  public struct Times: Sendable {
    public var reading = 0.0
    public var finding = 0.0
    /// Cutting cells out and preparing them as the model's input.
    public var cutting = 0.0
    public var judging = 0.0

    public init() {}

    public static func += (sum: inout Times, other: Times) {
      sum.reading += other.reading
      sum.finding += other.finding
      sum.cutting += other.cutting
      sum.judging += other.judging
    }
  }

  public let classifier: PictureClassifier
  public let options: Options
  /// The index of the class of infected cells.
  public let positive: Int
  /// The probability of that class from which a cell counts as infected; nil: it counts as the likeliest class.
  public let threshold: Double?
  public let cut: CellCut
  /// In how many orientations a cell that may be infected is judged: 1 or 8.
  public let looks: Int
  /// The classifier's sensitivity and specificity, if the file records them and cells are judged as they were judged then:
  /// by the file's class, threshold and looks.
  public let rates: (sensitivity: ObservedRate, specificity: ObservedRate)?
  /// Where the time of all fields so far went, in seconds.
  public private(set) var times = Times()
  private let decision: ClassDecision
  private var finder = CellFinder()

  /// - Throws: E213 if neither the file nor `options` name the class of infected cells, or no such class exists.
  public init(_ classifier: PictureClassifier, _ options: Options = Options()) throws(GraphError) {
    let metadata = try ModelMetadata(classifier.model.metadata)
    self.classifier = classifier
    self.options = options
    positive = try FieldCounter.positive(classifier, metadata, options)
    cut = options.cut ?? metadata.cell ?? CellCut(surroundings: .black)
    let isFilesClass = metadata.positive.map { $0.isExactly(options.positive ?? $0) } ?? false
    threshold = options.threshold ?? (isFilesClass ? metadata.threshold : nil)
    let recordedLooks = metadata.looks ?? 1
    looks = (options.looks ?? recordedLooks) > 1 ? 8 : 1
    decision = ClassDecision(positive: positive, threshold: threshold)
    if isFilesClass, threshold == metadata.threshold, looks == recordedLooks, let sensitivity = metadata.sensitivity,
      let specificity = metadata.specificity
    {
      rates = (sensitivity, specificity)
    } else {
      rates = nil
    }
  }

  private static func positive(
    _ classifier: PictureClassifier, _ metadata: ModelMetadata, _ options: Options
  ) throws(GraphError) -> Int {
    guard let name = options.positive ?? metadata.positive else {
      throw GraphError(
        .badInput,
        "the model does not say which of its classes (\(classifier.classes.joined(separator: ", "))) is that of "
          + "infected cells; name it (giemsa-field: --positive)")
    }
    // A caller's names may replace the file's, at the same indices.
    if options.positive == nil, let index = metadata.classes.firstIndex(where: { $0.isExactly(name) }) { return index }
    guard let index = classifier.classes.firstIndex(where: { $0.isExactly(name) }) else {
      throw GraphError(
        .badInput, "the model has no class '\(name)'; it has \(classifier.classes.joined(separator: ", "))")
    }
    return index
  }

  // MARK: Counting

  /// Counts the cells of a picture file.
  ///
  /// - Throws: ``ClassificationError/picture(_:)`` if the file cannot be read; ``ClassificationError/notNumbers`` if the
  ///   model's scores of a cell are no numbers.
  public func count(contentsOf path: String) throws(ClassificationError) -> CountedField {
    try count(try read(path))
  }

  /// Reads a field as ``count(contentsOf:)`` does: whole, never at a fraction.
  public func read(_ path: String) throws(ClassificationError) -> PictureFile {
    let started = platform_seconds()
    defer { times.reading += platform_seconds() - started }
    do { return try PictureFile(path, classifier.preprocessing.reading) } catch { throw .picture(error) }
  }

  /// Counts the cells of a picture that was read; see ``count(contentsOf:)``.
  public func count(_ file: PictureFile) throws(ClassificationError) -> CountedField {
    var field = try count(file.picture, pixelSize: options.pixelSize ?? FieldCounter.pixelSize(file.resolution))
    field.pictureNotes = file.notes
    return field
  }

  /// Counts the cells of a picture in memory.
  ///
  /// - Parameters:
  ///   - picture: the field, of any size.
  ///   - pixelSize: metres of the specimen that a pixel spans; nil if unknown.
  public func count(_ picture: Picture, pixelSize: Double? = nil) throws(ClassificationError) -> CountedField {
    finder.options.pixelSize = pixelSize
    let started = platform_seconds()
    let found: FoundField
    do { found = try finder.find(in: picture) } catch { throw .picture(error) }
    times.finding += platform_seconds() - started
    var field = CountedField(width: picture.width, height: picture.height, found: found)
    var places: [Int] = []
    var looking = CellLooks(looks: looks, positive: positive, least: 0.1 * (threshold ?? 0.5))
    for index in field.cells.indices where FieldCounter.isJudged(field.cells[index].found, found.typicalDiameter) {
      if !options.judgesAll, !field.cells[index].found.counted { continue }
      let input: Tensor
      do { input = try prepared(field.cells[index].found, picture) } catch { throw .picture(error) }
      places.append(index)
      let started = platform_seconds()
      try looking.add(input, classifier)
      times.judging += platform_seconds() - started
    }
    let judging = platform_seconds()
    try looking.finish(classifier)
    times.judging += platform_seconds() - judging
    for (place, probabilities) in zip(places, looking.probabilities) {
      let index = decision(probabilities)
      if field.cells[place].found.kind == .whiteCell {
        if index != positive { continue }
        field.cells[place].found.kind = .redCell
      }
      field.cells[place].verdict = Classification(probabilities, index, classes: classifier.classes)
      field.cells[place].isInfected = index == positive
    }
    return field
  }

  /// Red cells are judged. So are white cells that are no larger than red ones and as round: a schizont fills its cell with
  /// nuclei, and where the model finds it infected, it is a red cell.
  private static func isJudged(_ cell: FoundCell, _ diameter: Float) -> Bool {
    switch cell.kind {
    case .redCell: return true
    case .platelet, .other: return false
    case .whiteCell:
      // In typical red cells. An ellipse fills 0.79 of its box.
      let size = cell.area / (diameter * diameter * Float.pi / 4)
      let box = Float(cell.box.width * cell.box.height)
      return !cell.isCut && size > 0.7 && size < 1.4 && cell.area > 0.68 * box
    }
  }

  private func prepared(_ cell: FoundCell, _ picture: Picture) throws(ImagingError) -> Tensor {
    let started = platform_seconds()
    defer { times.cutting += platform_seconds() - started }
    let box = cut.rectangle(around: cell.box)
    guard box.height <= (Int.max >> 8) / box.width, platform_has_memory(3 * box.width * box.height) != 0 else {
      throw ImagingError("no memory to cut a cell of \(cell.box.width) × \(cell.box.height) pixels")
    }
    return try classifier.preprocessing.tensor([cut.cut(cell, from: picture)])
  }

  /// Cameras write 72 or 96 pixels per inch without having measured anything. A microscope's pixel spans 10 nm to 2 µm.
  private static func pixelSize(_ resolution: Resolution?) -> Double? {
    guard let resolution, resolution.horizontal >= 5e5, resolution.horizontal <= 1e8 else { return nil }
    return 1 / resolution.horizontal
  }
}

@available(*, unavailable)
extension FieldCounter: Sendable {}
