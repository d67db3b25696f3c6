import ArgumentParser
import Datasets
import Foundation
import Imaging
import PictureModels
import Text

struct CutCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cut",
    abstract: "Cuts single cells out of fields of blood films, to train on.",
    discussion: """
      Finds the cells as giemsa-field count does, and fills OUT with a folder per class. With --boxes each found cell \
      takes the class of the annotated box that it matches; boxes that no cell matches are cut as they are, and cells \
      without a box are left out, unless --unmatched names their class. Without --boxes a folder has all cells of a kind. The files' names carry slide and \
      field, so that splits keep them together: the slide is the part of a field's name before _IMG, or else the \
      subfolder that the field is in.
      """)

  @Argument(help: "A folder of fields, which is searched with its subfolders, or one field.") var fields: String
  @Option(help: "The folder to fill.") var out: String
  @Option(
    help: ArgumentHelp(
      "Annotated boxes: a COCO, CSV, Pascal VOC or YOLO file, or a folder of Pascal VOC's or YOLO's files.",
      valueName: "file"))
  var boxes: String?
  @Option(
    name: .customLong("class"),
    help: ArgumentHelp(
      "A class, and the categories that it joins; may be given several times. Categories that no --class names are "
        + "left out. Default: each category is a class.",
      valueName: "name=category,category"))
  var classes: [String] = []
  @Option(
    help: ArgumentHelp(
      "The class of found red cells without a box, such as other; a new one if no --class names it.",
      discussion: """
        For fields in which all infected cells have a box: the network then also learns what the finder takes for a \
        cell and nobody boxed, such as dirt. As a class of its own it can be drawn more often (train --balance).
        """,
      valueName: "name"))
  var unmatched: String?
  @Option(help: "What is around a cell: real (as in the field) or black (all outside its outline).")
  var surroundings = CellCut.Surroundings.real
  @Option(help: "Margin around a cell's box, as a fraction of its longer side, from 0 to 4.") var margin: Float = 0.15
  @Flag(
    help: """
      FIELDS is a folder of single cells on black with a subfolder per class, such as the NIH set: they are cut to the \
      same form. Needs --surroundings black.
      """)
  var single = false
  @Option(
    help: ArgumentHelp(
      "Bits of 16-bit samples that are data: 12 for camera data stored without scaling.", valueName: "n"))
  var bits = 16
  @Option(help: "Threads; all processors unless given.") var threads = ProcessInfo.processInfo.activeProcessorCount
  @OptionGroup var files: PictureFlags

  func validate() throws {
    try check(threads, 1...1024, "--threads")
    try check(bits, ModelMetadata.Bound.bits, "--bits")
    guard margin >= 0, margin <= CellCut.marginLimit else {
      throw ValidationError("--margin \(margin) must be from 0 to 4")
    }
    if single {
      guard boxes == nil else {
        throw ValidationError("--boxes are of fields; with --single the folders are the classes")
      }
      guard surroundings == .black else {
        throw ValidationError("what was around single cells on black is lost; give --surroundings black with --single")
      }
    } else if boxes == nil, !classes.isEmpty {
      throw ValidationError("--class joins categories of annotated boxes; give their file with --boxes")
    }
    if boxes == nil, unmatched != nil {
      throw ValidationError("--unmatched is the class of cells without an annotated box; give the boxes with --boxes")
    }
  }

  func run() throws {
    try reporting {
      let cut = CellCut(margin: margin, surroundings: surroundings)
      var reading = PictureOptions()
      (reading.limits, reading.bits) = (files.limits, bits)
      let joined = classes.isEmpty ? nil : try CategoryClasses(classes)
      if single {
        let cells = try CellFolder.listed(fields)
        try joined?.check(cells.classes, of: cells.path)
        return try fill(cut, try SingleCells(cells, cut, reading, classes: joined))
      }
      var annotations: (set: AnnotationSet, classes: CategoryClasses)?
      if let boxes {
        let set = try AnnotationSet(boxes)
        try joined?.check(set)
        annotations = (set, try joined ?? CategoryClasses(everyCategoryOf: set))
      }
      var label: Int?
      if let unmatched, var known = annotations?.classes {
        do { label = try known.index(adding: unmatched) } catch { throw CommandFailure("--unmatched \(error)") }
        annotations?.classes = known
      }
      var walk = PictureWalk()
      walk.add(fields)
      if let problem = walk.problems.first { throw CommandFailure(problem) }
      for line in walk.leftOut.lines { complain("warning: \(line)") }
      guard !walk.files.isEmpty else { throw CommandFailure("\(fields): no pictures in it that are read") }
      let pictures = FieldNames.named(walk.files, in: fields)
      try fill(cut, FieldCutter(pictures, cut, reading, annotations: annotations, unmatched: label))
    }
  }

  private func fill(_ cut: CellCut, _ source: some CellSource) throws {
    let folder = try CutFolder(out, cut)
    let count = source.pictures.count
    let line = StageProgress()
    defer { line.erase() }
    let result = try folder.fill(from: source, threads: threads) { line.update("cutting", $0, count) }
    line.erase()
    for warning in result.notes.warnings(remedy: "cut with --bits 12") { complain(warning) }
    if !result.unknown.isEmpty {
      complain(
        "warning: \(boxes ?? "") has no boxes for \(counted(result.unknown.count, "picture")), left out: "
          + NameList.text(result.unknown))
    }
    for problem in result.problems.prefix(20) { complain("giemsa: \(problem)") }
    if result.problems.count > 20 { complain("giemsa: and \(result.problems.count - 20) more") }
    if result.exceedsLimits { complain("giemsa: --max-side and --max-pixels allow larger pictures") }
    if !result.problems.isEmpty { Missing.note() }
    for line in CutReport(source.classes, result, out: out, cut: cut).lines(hasBoxes: boxes != nil) {
      Console.out(line)
    }
  }
}

extension CellCut.Surroundings: ExpressibleByArgument {}
