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
    // Each has a result or a line, or is among those that are no pictures.
    let counted = try CountLines(run.output).fields.compactMap { ($0["path"] as? String)?.split(separator: "/").last }
    let told = files.filter { file in run.errorLines.contains { $0.contains("/\(file): ") } }
    let others = run.errorLines.filter { $0.contains("no pictures we read") || $0.contains("not pictures") }
    #expect(Set(counted.map { String($0) }).intersection(told).count <= told.count / 2)
    #expect(counted.count + told.count > files.count * 9 / 10 || !others.isEmpty)
    #expect(told.count > 100 && run.errorLines.allSatisfy { $0.utf8.count < 4000 })
    let page = try String(contentsOfFile: folder.path("page.html"), encoding: .utf8)
    #expect(page.components(separatedBy: "<figure ").count - 1 == counted.count)
  }

  /// Pictures of 65,500 × 65,500 pixels in some bytes, within the memory that a small field takes.
  @Test func bombs() throws {
    let grey = ProgramRun.root.appending(path: "Fixtures/pictures/kind-grey.jpg")
    var jpeg = [UInt8](try Data(contentsOf: grey))
    let frame = try #require(jpeg.indices.dropLast(8).first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    for offset in [5, 7] { (jpeg[frame + offset], jpeg[frame + offset + 1]) = (0xFF, 0xDC) }
    try folder.folder.write(jpeg, to: "f/bomb.jpg")
    try folder.folder.write(RawPNG.grey8(width: 65500, height: 1), to: "f/bomb.png")
    let text = [[UInt8]](repeating: RawPNG.textBomb(matches: 100_000), count: 20).joined()
    try folder.folder.write(RawPNG.grey8(width: 64, height: 64, extra: Array(text)), to: "f/texts.png")
    let run = try ProgramRun(
      script: "ulimit -v 400000; \"$FIELD\" count $M $D/f --format jsonl --max-side 70000", variables)
    #expect(run.exited && run.status == 1, "\(run.error)")
    #expect(try infected(run) == 4)
    #expect(run.errorLines.contains { $0.contains("bomb.jpg: 65500 × 65500 pixels") && $0.contains("--max-pixels") })
    let usual = try count()
    #expect(usual.errorLines.contains { $0.contains("bomb.png: 65500 × 1 pixels") && $0.contains("--max-side") })
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

  @Test func thousandsOfFields() throws {
    try folder.draw("small.png", infected: 1, cells: 1, width: 150, height: 150)
    let run = try ProgramRun(
      script: """
        mkdir $D/many && cd $D/many
        python3 -c 'import os; [os.link("../small.png", f"{n:05}.png") for n in range(2000)]'
        ulimit -v 400000; "$FIELD" count $M $D/many --format csv --threads 2 | cut -d, -f1 | sort | uniq -c
        """, variables)
    #expect(
      run.output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) } == [
        "2000 field", "1 level", "1 slide",
      ], "\(run.output)\(run.error)")
  }
}
