import Foundation
import Imaging
import TestSupport
import Testing

/// `count` on folders with everything that can be wrong: a clear line for each file, and the others are counted.
@Suite struct CountFaultTests {
  private let folder: CountingFolder
  private var variables: [String: String] { ["M": folder.model, "D": folder.folder.url.path] }

  init() throws {
    folder = try CountingFolder()
    try folder.draw("f/good.png", infected: 4)
  }

  private func count(_ arguments: [String] = []) throws -> ProgramRun {
    try ProgramRun("giemsa-field", ["count", folder.model, folder.path("f"), "--format", "jsonl"] + arguments)
  }

  /// Of the fields that are sound.
  private func infected(_ run: ProgramRun, _ sound: [String] = ["good.png"]) throws -> Int {
    try CountLines(run.output).fields.reduce(0) { sum, field in
      let path = field["path"] as? String ?? ""
      return sum + (sound.contains { path.hasSuffix("/" + $0) } ? field["infected"] as? Int ?? 0 : 0)
    }
  }

  /// Each kind of picture cut off at four places, and changed at four.
  @Test func hundredsOfDamagedFiles() throws {
    let pictures = ProgramRun.root.appending(path: "Fixtures/pictures")
    var files: Set<String> = []
    for name in try FileManager.default.contentsOfDirectory(atPath: pictures.path).sorted()
    where name.hasPrefix("kind-") && !name.hasSuffix(".rgb") {
      let bytes = [UInt8](try Data(contentsOf: pictures.appending(path: name)))
      for part in 1...4 {
        files.insert("cut-\(part)-\(name)")
        try folder.folder.write(Array(bytes.prefix(bytes.count * part / 5)), to: "f/cut-\(part)-\(name)")
        var changed = bytes
        for step in 0..<3 { changed[(part * 7919 + step * 104_729) % bytes.count] ^= UInt8(1 + part * 37 % 255) }
        files.insert("changed-\(part)-\(name)")
        try folder.folder.write(changed, to: "f/changed-\(part)-\(name)")
      }
    }
    #expect(files.count > 400)
    let run = try count(["--threads", "2", "--report", folder.path("page.html")])
    #expect(run.exited && run.status == 1)
    #expect(try infected(run) == 4)
    // Each has a result or a line of its own, or is among the few named as no pictures.
    let counted = Set(
      try CountLines(run.output).fields.compactMap {
        ($0["path"] as? String)?.split(separator: "/").last.map(String.init)
      })
    let told = files.filter { file in run.errorLines.contains { $0.contains("/\(file): ") } }
    let others = run.errorLines.filter { $0.contains("no picture we read") || $0.contains("no pictures we read") }
    let missing = files.subtracting(counted).subtracting(told)
    #expect(missing.isEmpty || missing.count < 20 && !others.isEmpty, "\(missing) \(others)")
    #expect(told.count > 100 && run.errorLines.allSatisfy { $0.utf8.count < 4000 })
    let page = try String(contentsOfFile: folder.path("page.html"), encoding: .utf8)
    #expect(page.components(separatedBy: "<figure ").count - 1 == counted.count)
  }

  private func fixture(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: ProgramRun.root.appending(path: "Fixtures/pictures/\(name)")))
  }

  /// Pictures of 65,500 × 65,500 pixels in some bytes, tables of gigabytes, circles: within the memory of a small field.
  @Test func bombs() throws {
    var jpeg = try fixture("kind-grey.jpg")
    let frame = try #require(jpeg.indices.dropLast(8).first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    for offset in [5, 7] { (jpeg[frame + offset], jpeg[frame + offset + 1]) = (0xFF, 0xDC) }
    try folder.folder.write(jpeg, to: "f/bomb.jpg")
    try folder.folder.write(RawPNG.grey8(width: 65500, height: 1), to: "f/bomb.png")
    let text = [[UInt8]](repeating: RawPNG.textBomb(matches: 100_000), count: 20).joined()
    try folder.folder.write(RawPNG.grey8(width: 64, height: 64, extra: Array(text)), to: "f/texts.png")
    var large = TIFFSketch(width: 65500, height: 65500, rowsPerStrip: 65500)
    large.entries += [(273, 4, 1, 8), (279, 4, 1, .max)]
    try folder.folder.write(large.bytes, to: "f/large.tif")
    var strips = TIFFSketch(width: 64, height: 64, rowsPerStrip: 1)
    strips.entries += [(273, 4, 1_000_000, 8), (279, 4, 1_000_000, 4_000_008)]
    strips.data = [UInt8](repeating: 0, count: 8_000_000)
    try folder.folder.write(strips.bytes, to: "f/strips.tif")
    let run = try ProgramRun(
      script: "ulimit -v 400000; \"$FIELD\" count $M $D/f --format jsonl --max-side 70000", variables)
    #expect(run.exited && run.status == 1, "\(run.error)")
    #expect(try infected(run) == 4)
    for name in ["bomb.jpg: 65500 × 65500 pixels", "large.tif: 65500 × 65500 pixels"] {
      #expect(run.errorLines.contains { $0.contains(name) && $0.contains("--max-pixels") }, "\(run.error)")
    }
    #expect(run.errorLines.filter { $0.contains("strips.tif: damaged TIFF") }.count == 1, "\(run.error)")
    let usual = try count()
    #expect(usual.errorLines.contains { $0.contains("bomb.png: 65500 × 1 pixels") && $0.contains("--max-side") })
  }

  /// Sound pixels behind them: the fields are counted, within the memory of a small one.
  @Test func bombsBesideThePixels() throws {
    let jpeg = try fixture("kind-grey.jpg")
    // A colour profile of 16 MB in 255 parts, and one that says so and stops; metadata whose directory follows itself.
    func segment(_ marker: UInt8, _ data: [UInt8]) -> [UInt8] {
      [0xFF, marker, UInt8((data.count + 2) >> 8), UInt8((data.count + 2) & 255)] + data
    }
    let profile = (1...255).flatMap { part in
      segment(0xE2, Array("ICC_PROFILE\0".utf8) + [UInt8(part), 255] + [UInt8](repeating: 7, count: 65_000))
    }
    let circle: [UInt8] = [1, 0, 0x69, 0x87, 4, 0, 1, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0]
    let endless: [UInt8] = [0xFF, 0xFF] + [UInt8](repeating: 0xFF, count: 60_000)
    let metadata = [circle, endless].map {
      segment(0xE1, Array("Exif\0\0II*\0".utf8) + [8, 0, 0, 0] + $0)
    }
    for (index, extra) in ([profile] + metadata).enumerated() {
      try folder.folder.write(jpeg[..<2] + extra + jpeg[2...], to: "f/extra-\(index).jpg")
    }
    var circling = TIFFSketch(width: 64, height: 64, rowsPerStrip: 64)
    circling.data = [UInt8](repeating: 200, count: 4096)
    circling.entries += [(273, 4, 1, 8), (279, 4, 1, 4096), (34675, 7, 0x7FFF_FFFF, 8)]
    circling.next = nil
    try folder.folder.write(circling.bytes, to: "f/circle.tif")
    let run = try ProgramRun(script: "ulimit -v 400000; \"$FIELD\" count $M $D/f --format jsonl", variables)
    #expect(run.exited && run.status == 0, "\(run.error)")
    #expect(try CountLines(run.output).fields.count == 5 && infected(run) == 4, "\(run.output)\(run.error)")
  }

  @Test func stripsAreNoFields() throws {
    for (width, height) in [(1, 1), (16000, 8), (8, 16000), (16384, 1), (3, 300)] {
      try folder.folder.write(RawPNG.grey8(width: width, height: height), to: "f/\(width)x\(height).png")
    }
    let run = try count()
    #expect(run.exited && run.status == 0, "\(run.error)")
    #expect(try CountLines(run.output).fields.count == 6 && infected(run) == 4)
    #expect(run.errorLines.contains { $0.contains("no red cells in 5 fields") }, "\(run.error)")
  }

  @Test func whatIsNoFile() throws {
    let made = try ProgramRun(
      script: "cd $D/f && mkfifo pipe.jpg && mkdir folder.jpg && ln -s nowhere broken.png && ln -s . loop", variables)
    try #require(made.status == 0)
    try folder.draw("f/folder.jpg/inner.png", infected: 2)
    let run = try count()
    #expect(run.exited && run.status == 1)
    #expect(try infected(run, ["good.png", "inner.png"]) == 6)
    for name in ["pipe.jpg", "broken.png"] {
      #expect(run.errorLines.filter { $0.contains(name) }.count == 1, "\(run.error)")
    }
  }

  /// The program waits until its lines are read, since they are longer than a pipe; by then it has listed the folder.
  @Test(arguments: ["1", "3"]) func aFieldThatVanishesAfterTheFolderWasListed(_ threads: String) throws {
    let run = try ProgramRun(
      script: """
        mkdir $D/many && cd $D/many && for n in $(seq -w 60); do ln ../f/good.png $n.png; done
        "$FIELD" count $M $D/many --format jsonl --threads \(threads) | { read line; rm 59.png; cat; }
        exit ${PIPESTATUS[0]}
        """, variables)
    #expect(run.status == 1 && run.output.split(separator: "\n").count == 59, "\(run.error)")
    #expect(run.errorLines.filter { $0.contains("59.png: ") }.count == 1, "\(run.error)")
    #expect(run.errorLines.last?.contains("1 without a result") == true)
  }

  /// Of five hundred three have cells, for each thread at least one; the others are small and empty. A folder of 200 takes as
  /// much memory, but for the names.
  @Test func twentyThousandFields() throws {
    try folder.draw("empty.png", cells: 0, width: 24, height: 24)
    let run = try ProgramRun(
      script: """
        cd $D; python3 - "$FIELD" <<'PYTHON'
        import csv, os, resource, subprocess, sys
        for folder, count in [("few", 200), ("many", 20000)]:
            os.mkdir(folder)
            for n in range(count):
                os.link("f/good.png" if n % 500 < 3 else "empty.png", f"{folder}/{n:05}.png")
            done = subprocess.run([sys.argv[1], "count", "cells.onnx", folder, "--format", "csv", "--output", "o.csv",
                                   "--threads", "2"], stderr=subprocess.DEVNULL)
            rows = list(csv.reader(open("o.csv")))[1:]
            fields = [row for row in rows if row[0] == "field"]
            assert [row[2] for row in fields] == [f"{folder}/{n:05}.png" for n in range(count)]
            print(done.returncode, rows[-1][3], sum(int(row[5]) for row in fields), rows[-1][5],
                  resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
        PYTHON
        """, variables)
    let lines = run.output.split(separator: "\n").map { $0.split(separator: " ").compactMap { Int($0) } }
    try #require(lines.count == 2 && lines[0].count == 5, "\(run.output)\(run.error)")
    #expect(lines[0].prefix(4) == [0, 200, 12, 12] && lines[1].prefix(4) == [0, 20000, 480, 480], "\(lines)")
    #expect(lines[1][4] - lines[0][4] < 16 << 10, "\(lines)")
  }
}
