import Giemsa
import Text

/// The options of `count` on how cells are judged and results computed.
enum CountRules {
  /// Cells that the model judges at once, unless told.
  static let usualBatch = 8

  static let all = AnswerFormat.Kind.rules + own

  private static let own = [
    OptionRule(
      name: "--output", value: "FILE",
      help: "write the results to FILE: JSON lines as fields are counted, others when complete; - is standard output"),
    OptionRule(
      name: "--resume", value: nil,
      help: "go on with an interrupted --output FILE of JSON lines: its fields are skipped"),
    OptionRule(
      name: "--slide-from", value: "HOW",
      help: "which fields are one slide: folder (the default), name (the part before _IMG) or all"),
    OptionRule(
      name: "--rbc-per-ul", value: "N", help: "red cells in a microlitre of the patient's blood; default 5000000"),
    OptionRule(name: "--cells", value: "N", help: "red cells of a slide that are enough; default 2000"),
    OptionRule(
      name: "--stop", value: nil,
      help: "leave out a slide's further fields once --cells are counted or the interval is within ±25 %"),
    OptionRule(
      name: "--positive", value: "CLASS", help: "the class of infected cells, if the model does not record it"),
    OptionRule(
      name: "--threshold", value: "P",
      help: "the probability from which a cell counts as infected; results are then not corrected"),
    OptionRule(
      name: "--cell", value: "'HOW M'",
      help:
        "how cells are cut out, if the model does not record it: 'real 0.15' or 'black 0' (the default) and a margin"),
    OptionRule(
      name: "--looks", value: "N",
      help:
        "judge cells that may be infected in N orientations, 1 or 8; default as the model records it, else 1. Another "
        + "number than recorded leaves results uncorrected"),
    OptionRule(
      name: "--pixel-size", value: "NM", help: "nanometres that a pixel spans, to check the size of the found cells"),
    OptionRule(
      name: "--overlay", value: "DIR", help: "write each field with its cells' outlines, infected ones numbered"),
    OptionRule(
      name: "--report", value: "FILE.html",
      help: "write a page with fields, results and infected cells, where a person can correct them",
      isForWholeProgram: true),
    OptionRule(name: "--batch", value: "N", help: "cells that the model judges at once; default 8"),
  ]

  static func counter(_ options: CommandLineOptions) throws(UsageError) -> FieldCounter.Options {
    var counter = FieldCounter.Options()
    counter.positive = options.string("--positive")
    if options.has("--threshold") {
      counter.threshold = try options.double("--threshold", default: 0.5, in: 0.000001...0.999999)
    }
    if options.has("--looks") {
      let looks = try options.int("--looks", default: 1, in: 1...8)
      guard looks == 1 || looks == 8 else {
        throw UsageError(message: "--looks \(looks) must be 1 or 8: one orientation, or all mirrors and quarter turns")
      }
      counter.looks = looks
    }
    if options.has("--pixel-size") {
      counter.pixelSize = try options.double("--pixel-size", default: 100, in: 1...10_000) * 1e-9
    }
    if let text = options.string("--cell") {
      guard let cut = CellCut(text) else {
        throw UsageError(
          message: "--cell '\(text)' must be the surroundings, real or black, and the margin from 0 to 4: 'real 0.15'")
      }
      counter.cut = cut
    }
    return counter
  }

  static func results(_ options: CommandLineOptions) throws(UsageError) -> ResultRules {
    var rules = ResultRules()
    rules.redCellsPerMicrolitre = try options.double("--rbc-per-ul", default: 5_000_000, in: 1...20_000_000)
    rules.enough = try options.int("--cells", default: 2000, in: 1...1_000_000_000)
    return rules
  }
}
