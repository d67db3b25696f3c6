import ArgumentParser
import Imaging

/// The options common to all commands that read pictures.
struct PictureFlags: ParsableArguments {
  @Option(help: ArgumentHelp("The most pixels of a picture's side.", valueName: "n")) var maxSide = PictureLimits().side
  @Option(help: ArgumentHelp("The most pixels of a picture.", valueName: "n")) var maxPixels = PictureLimits().pixels

  func validate() throws {
    try check(maxSide, 1...1_000_000, "--max-side")
    try check(maxPixels, 1...1_000_000_000, "--max-pixels")
  }

  var limits: PictureLimits { PictureLimits(side: maxSide, pixels: maxPixels) }

  /// What can be done about data of 12 bits.
  static let remedy = "train with --bits 12"
}
