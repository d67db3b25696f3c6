import Giemsa
import Text

/// The options common to all commands that read pictures.
enum PictureRules {
  static let all = [
    OptionRule(
      name: "--bits", value: "N",
      help: "bits of 16-bit samples that are data, if the model does not record it: 12 for unscaled camera data"),
    OptionRule(name: "--max-side", value: "N", help: "the most pixels of a picture's side; default 16384"),
    OptionRule(name: "--max-pixels", value: "N", help: "the most pixels of a picture; default 100000000"),
  ]

  /// nil if it is not given.
  static func bits(_ options: CommandLineOptions) throws(UsageError) -> Int? {
    options.string("--bits") == nil ? nil : try options.int("--bits", default: 16, in: 8...16)
  }

  static func limits(_ options: CommandLineOptions) throws(UsageError) -> PictureLimits {
    let usual = PictureLimits()
    return PictureLimits(
      side: try options.int("--max-side", default: usual.side, in: 1...1_000_000),
      pixels: try options.int("--max-pixels", default: usual.pixels, in: 1...1_000_000_000))
  }

  /// The message of an error about a picture, with the option that helps.
  static func text(_ error: ImagingError) -> String {
    switch error.exceeded {
    case .side: error.message + ", or allow it by --max-side"
    case .pixels: error.message + ", or allow it by --max-pixels"
    case .bytes: error.message + "; --max-pixels allows more"
    case nil: error.message
    }
  }

  /// What can be done about data of 12 bits.
  static let remedy = "--bits 12 scales them"
}
