import Foundation
import Imaging
import ModelGraph
import ONNXFormat
import TestSupport
import Testing

/// `infer` reports everything in a folder that it does not classify.
@Suite struct PassedOverTests {
  private let folder: TemporaryFolder
  private let model: String

  init() throws {
    folder = try TemporaryFolder()
    model = folder.path("m.onnx")
    try ONNXFile.write(try SmallModel.graph(), to: model)
    _ = try folder.folder("x")
    try cell("x/ok.png")
  }

  private func cell(_ name: String) throws {
    try PNGFile.write(Picture(width: 9, height: 9), to: folder.path(name))
  }

  private func infer(_ paths: [String] = ["x"], format: String = "csv") throws -> ProgramRun {
    try ProgramRun("giemsa-field", ["infer", model] + paths.map { folder.path($0) } + ["--format", format])
  }

  private func answers(_ run: ProgramRun) -> [String] {
    run.output.split(separator: "\n").dropFirst().map { line in
      String(line.prefix { $0 != "," }.dropFirst(folder.path("x").utf8.count + 1))
    }
  }

  @Test(
    arguments: [
      ("a.heic", Array("....ftypheic".utf8), "HEIC"), ("B.HEIF", [], "HEIC"), ("c", Array("....ftypmif1".utf8), "HEIC"),
      ("d.gif", [], "GIF"), ("e", Array("GIF89a".utf8), "GIF"), ("f.avif", [], "AVIF"),
      ("slide.svs", [1, 2, 3], "microscope"),
    ] as [(String, [UInt8], String)])
  func picturesOfOtherFormats(_ name: String, _ bytes: [UInt8], _ format: String) throws {
    try folder.write(bytes, to: "x/\(name)")
    let run = try infer()
    #expect(run.status == 1)
    #expect(answers(run) == ["ok.png"])
    #expect(
      run.errorLines.contains {
        $0.contains("1 file is no picture we read (") && $0.contains(format) && $0.contains("/x/\(name). ")
      },
      "\(run.error)")
  }

  @Test func theFirstTwentyAreNamed() throws {
    for index in 10..<35 { try folder.write([], to: "x/\(index).heic") }
    let run = try infer()
    #expect(run.status == 1)
    let line = try #require(run.errorLines.first { $0.contains("25 files are no pictures we read (HEIC): ") })
    #expect(line.contains("29.heic and 5 more. ") && !line.contains("30.heic"), "\(line)")
  }

  @Test func filesThatAreNoPicturesAreNamed() throws {
    try folder.write(Array("hello".utf8), to: "x/notes.txt")
    try folder.write([], to: "x/empty")
    let run = try infer()
    #expect(run.status == 0)
    #expect(
      run.errorLines.contains { $0.contains("2 files are not pictures") && $0.contains("notes.txt") }, "\(run.error)")
  }

  @Test func whatFileManagersLeaveIsNothing() throws {
    for name in [".DS_Store", "Thumbs.db", "desktop.ini", ".hidden.png", ".cache/a.jpg"] {
      try folder.write([0xFF, 0xD8, 0xFF], to: "x/\(name)")
    }
    let run = try infer()
    #expect(run.status == 0 && run.errorLines.count == 1, "\(run.error)")  // the counts
  }

  @Test func aPNGIsOneByItsFirstBytes() throws {
    for name in ["cell", "cell.jpg", "cell.PNG"] { try cell("x/\(name)") }
    let run = try infer()
    #expect(run.status == 0, "\(run.error)")
    #expect(answers(run) == ["cell", "cell.PNG", "cell.jpg", "ok.png"])
  }

  @Test func whatCannotBeReadIsNamedAndNobodyWaits() throws {
    let made = try ProgramRun(
      script: "cd $D/x && mkfifo pipe.png && ln -s nowhere broken.png && ln -s /dev/zero zero.png && mkfifo pipe",
      ["D": folder.url.path])
    try #require(made.status == 0)
    let run = try infer()
    #expect(run.status == 1)
    #expect(answers(run) == ["ok.png"])
    for name in ["pipe.png", "broken.png", "zero.png"] { #expect(run.error.contains(name), "\(run.error)") }
    // Also if named on the command line.
    let named = try infer(["x/pipe.png", "x/broken.png", "x/ok.png"])
    #expect(named.status == 1 && named.errorLines.count == 3, "\(named.error)")
  }

  /// A pipe and a folder named like pictures; the folder is searched.
  @Test func namesOfPicturesThatAreNone() throws {
    let made = try ProgramRun(
      script: "cd $D/x && mkfifo pipe.jpg && mkdir folder.jpg && cp ok.png folder.jpg/inside.tif",
      ["D": folder.url.path])
    try #require(made.status == 0)
    let run = try infer()
    #expect(run.status == 1)
    #expect(answers(run) == ["folder.jpg/inside.tif", "ok.png"])
    #expect(
      run.errorLines.contains {
        $0.contains("1 entry is named like a picture, but cannot be read") && $0.contains("pipe.jpg")
      },
      "\(run.error)")
  }

  /// A picture of every format, under names that promise others.
  @Test func theFirstBytesTellTheFormat() throws {
    for (number, name) in ["kind-420.jpg", "kind-rgb24.bmp", "kind-lzw.tif", "kind-lossy.webp", "cell.png"].enumerated()
    {
      let fixture = ProgramRun.root.appending(path: "Fixtures/pictures/\(name)")
      try folder.write([UInt8](try Data(contentsOf: fixture)), to: "x/\(number).png")
    }
    let run = try infer()
    #expect(run.status == 0 && answers(run) == ["0.png", "1.png", "2.png", "3.png", "4.png", "ok.png"], "\(run.error)")
  }

  @Test func twentyThousandFilesInOneFolder() throws {
    try folder.write([0xFF, 0xD8, 0xFF, 0xE0], to: "x/broken.jpg")
    try folder.write([], to: "x/a.heic")
    _ = try folder.folder("many")
    func link(_ file: String, _ name: String) throws {
      try FileManager.default.linkItem(atPath: folder.path("x/\(file)"), toPath: folder.path("many/\(name)"))
    }
    try link("a.heic", "a.heic")
    for number in 0..<20_000 {
      try number % 100 == 0 ? link("broken.jpg", "\(number).jpg") : link("ok.png", "\(number).png")
    }
    let run = try infer(["many"])
    #expect(run.exited && run.status == 1)
    #expect(run.output.split(separator: "\n").count == 1 + 19_800)
    // A line for each broken file, one for the other format, the counts.
    #expect(run.errorLines.filter { $0.contains("damaged JPEG") }.count == 200)
    #expect(run.errorLines.count == 202, "\(run.error.prefix(1000))")
  }

  @Test func dataOfTwelveBitsIsScaled() throws {
    try folder.write(RawPNG.rgb16(width: 9, height: 9) { UInt16($0 * 16 % 4096) }, to: "x/dark.png")
    try folder.write(RawPNG.rgb16(width: 9, height: 9) { UInt16($0 * 16 % 4096) << 4 }, to: "x/light.png")
    func probabilities(_ run: ProgramRun, _ name: String) -> Substring? {
      run.output.split(separator: "\n").first { $0.contains(name) }.map { $0.drop { $0 != "," } }
    }
    let run = try ProgramRun(
      "giemsa-field", ["infer", model, folder.path("x/dark.png"), "--bits", "12", "--format", "csv"])
    #expect(run.status == 0 && !run.error.contains("warning"), "\(run.error)")
    let light = try infer(["x/light.png"])
    #expect(probabilities(run, "dark") != nil && probabilities(run, "dark") == probabilities(light, "light"))
    #expect(try infer(["x/dark.png"]).error.contains("--bits 12"))
  }

  @Test func nothingButOtherFormats() throws {
    try folder.write([], to: "photos/a.heic")
    let run = try infer(["photos"])
    #expect(run.status == 1 && run.errorLines.count == 1 && run.error.contains("a.heic"), "\(run.error)")
    #expect(run.output == "")
  }

  /// Each of 24 folders has links to all the others: a walk by paths would practically never end.
  @Test func eachFolderIsVisitedOnce() throws {
    let made = try ProgramRun(
      script: """
        cd $D && mkdir maze && for a in $(seq 24); do mkdir maze/$a && cp x/ok.png maze/$a/$a.png; done
        for a in $(seq 24); do for b in $(seq 24); do ln -s ../$b maze/$a/to-$b; done; done
        """, ["D": folder.url.path])
    try #require(made.status == 0)
    let started = Date()
    let run = try infer(["maze"])
    #expect(run.status == 0, "\(run.error)")
    #expect(run.output.split(separator: "\n").count == 25)
    #expect(Date().timeIntervalSince(started) < 10)
    // Once per walk: a folder that is named twice is classified twice.
    #expect(try infer(["x", "x"]).output.split(separator: "\n").count == 3)
  }

  @Test func dataOfTwelveBitsIsWarnedOf() throws {
    try folder.write(RawPNG.rgb16(width: 9, height: 9) { UInt16($0 * 16 % 4096) }, to: "x/dark.png")
    try folder.write(RawPNG.rgb16(width: 9, height: 9) { UInt16($0 % 8192) }, to: "x/eighth.png")
    try folder.write(RawPNG.rgb16(width: 9, height: 9) { $0 == 100 ? 8192 : 0 }, to: "x/bright.png")
    let run = try infer()
    #expect(run.status == 0)
    let warnings = run.errorLines.filter { $0.contains("warning") }
    #expect(warnings.count == 1)
    #expect(warnings.first?.contains("dark.png (and 1 more): 16 bits per channel") == true, "\(run.error)")
    // Once for each folder.
    try folder.write(RawPNG.rgb16(width: 9, height: 9) { UInt16($0 * 16 % 4096) }, to: "x/sub/dark.png")
    #expect(try infer().errorLines.filter { $0.contains("warning") }.count == 2)
    #expect(try !infer(["x/bright.png"]).error.contains("warning"))
  }

  /// Read row by row or, if interlaced, pass by pass: the high byte of each sample.
  @Test func sixteenBitsKeepTheirHighBytes() throws {
    let bytes = RawPNG.rgb16(width: 5, height: 4) { UInt16($0 * 1000 + 7) }
    let file = try bytes.withUnsafeBytes { try PictureFile($0, named: "x") }
    let expected: [UInt8] = (0..<60).map { (index: Int) -> UInt8 in UInt8((index * 1000 + 7) / 256) }
    #expect(file.picture.pixels == expected)
    #expect(file.notes.isEmpty)
  }

  @Test func aSoundPictureThatIsTooWideIsNotDamaged() throws {
    try folder.write(RawPNG.grey8(width: 16385, height: 1), to: "wide.png")
    let run = try infer(["wide.png"])
    #expect(run.status == 1 && run.errorLines.count == 1)
    #expect(run.error.contains("16385 × 1 pixels; a side may have 16384 at most"), "\(run.error)")
    #expect(run.error.contains("--max-side"), "\(run.error)")
    let allowed = try ProgramRun("giemsa-field", ["infer", model, folder.path("wide.png"), "--max-side", "16385"])
    #expect(allowed.status == 0, "\(allowed.error)")
    let small = try ProgramRun(
      "giemsa-field", ["infer", model, folder.path("wide.png"), "--max-side", "20000", "--max-pixels", "9"])
    #expect(small.status == 1 && small.error.contains("more than 9 in all") && small.error.contains("--max-pixels"))
    try folder.write(RawPNG.grey8(width: 16384, height: 1), to: "widest.png")
    #expect(try infer(["widest.png"]).status == 0)
  }

  @Test func theFirstPictureOfAFileIsReadAndSaidSo() throws {
    let pages = ProgramRun.root.appending(path: "Fixtures/pictures/kind-pages.tif")
    try folder.write([UInt8](try Data(contentsOf: pages)), to: "x/pages.tif")
    let run = try infer()
    #expect(run.status == 0 && answers(run) == ["ok.png", "pages.tif"])
    #expect(run.error.contains("pages.tif: the file has several pictures; the first was read"), "\(run.error)")
  }

  /// The program waits until its answers are read, since they are longer than a pipe; by then it has listed the folder.
  @Test func aPictureThatVanishesAfterTheFolderWasListed() throws {
    let run = try ProgramRun(
      script: """
        mkdir $D/many && cd $D/many && for n in $(seq -w 3000); do ln ../x/ok.png $n.png; done
        "$FIELD" infer $D/m.onnx $D/many --format csv | { read header; rm 2990.png; cat; }
        exit ${PIPESTATUS[0]}
        """, ["D": folder.url.path])
    #expect(run.status == 1 && run.output.split(separator: "\n").count == 2999)
    #expect(run.errorLines.filter { $0.contains("2990.png: ") }.count == 1)
    #expect(run.errorLines.count == 2, "\(run.error)")  // and the counts
  }

  @Test func onePictureIsOne() throws {
    #expect(try infer(format: "table").output.contains("\n1 picture: class 0"))
  }
}
