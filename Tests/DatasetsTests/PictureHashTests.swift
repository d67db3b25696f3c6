import Datasets
import Foundation
import Imaging
import TestSupport
import Testing

/// Expected digests: FIPS 180-4's examples (csrc.nist.gov) and Python's hashlib.
@Suite struct PictureHashTests {
  @Test func picturesByTheirPixelsAlone() throws {
    #expect(
      PictureHash.hash(Picture(width: 2, height: 1, pixels: [1, 2, 3, 4, 5, 6])) == "2ff0a1ac1dacbe924b0af46c1814b28f")
    let temporary = try TemporaryFolder()
    try temporary.folder("a")
    try temporary.write("a/one.png", noise(1))
    try temporary.write("a/two.png", noise(2))
    try temporary.write("a/again.png", noise(1))
    let hashes = try PictureHash.read(["one", "two", "again"].map { "\(temporary.path)/a/\($0).png" }).hashes
    #expect(hashes[0] == hashes[2])
    #expect(hashes[0] != hashes[1])
    #expect(message { _ = try PictureHash.read(["\(temporary.path)/none.png"]) }.contains("none.png"))
  }

  @Test func dataSetsByContentNotByOrder() {
    let expected = "55bf7249f198ddc2cd4886692ec59378631ea237730cae7e54d38208938b77f3"
    #expect(PictureHash.dataSet([("ab", "well"), ("cd", "infected")]) == expected)
    #expect(PictureHash.dataSet([("cd", "infected"), ("ab", "well")]) == expected)
    #expect(PictureHash.dataSet([("cd", "well"), ("ab", "infected")]) != expected)
  }

  @Test func overlapsAreNamed() {
    func entry(_ name: String, _ slide: String, _ hash: String) -> Overlap.Entry {
      Overlap.Entry(name: name, label: "x", slide: slide, hash: hash)
    }
    let train = [entry("t1", "S1", "aa"), entry("t2", "S2", "bb"), entry("t3", "", "cc")]
    let valid = [entry("v1", "S1", "dd"), entry("v2", "S3", "bb"), entry("v3", "", "")]
    let overlap = Overlap(train: train, valid: valid)
    #expect(overlap.slides == ["S1"])
    #expect(overlap.pictures.map { "\($0.valid) = \($0.train)" } == ["v2 = t2"])
    let lines = overlap.warnings("on both sides")
    #expect(lines.count == 2)
    #expect(lines[0].contains("S1") && lines[1].contains("v2 = t2"))
    #expect(Overlap(train: train, valid: []).warnings("").isEmpty)
  }

  /// The same pixels in two classes are a contradiction on either side.
  @Test func contradictionsAreNamed() {
    func entry(_ name: String, _ hash: String) -> Overlap.Entry {
      Overlap.Entry(name: name, label: String(name.prefix { $0 != "/" }), slide: "S1", hash: hash)
    }
    let train = [entry("well/1", "aa"), entry("ill/2", "aa"), entry("well/3", "aa"), entry("ill/4", "bb")]
    let valid = [entry("well/5", "bb"), entry("well/6", "cc"), entry("well/1", "aa")]
    let overlap = Overlap(train: train, valid: valid)
    #expect(
      overlap.contradictions == [["well/1", "ill/2", "well/3"], ["ill/4", "well/5"]])
    #expect(overlap.pictures.map { $0.valid } == ["well/1"])
    let line = overlap.warnings("here")[0]
    for clue in ["contradictions", "2 pictures", "two classes", "well/1 = ill/2 = well/3", "ill/4 = well/5"] {
      #expect(line.contains(clue))
    }
    // Cells of one slide in several classes are normal.
    #expect(Overlap(train: [], valid: [entry("a/1", "11"), entry("b/2", "22")]).warnings("").isEmpty)
  }

  /// Using the slide hashes stored in a model.
  @Test func slidesThatAModelKnows() {
    let known: Set<String> = [PictureHash.slide("S1")]
    let valid = ["S1", "S2"].map { Overlap.Entry(name: $0, label: "x", slide: $0, hash: "") }
    let overlap = Overlap(train: [], valid: valid) { known.contains(PictureHash.slide($0)) }
    #expect(overlap.slides == ["S1"])
    // hashlib.sha256(b"giemsa slide S1").hexdigest()[:12]
    #expect(PictureHash.slide("S1") == "54ec5ea89346")
  }

  @Test func allBadPicturesAreNamed() throws {
    let temporary = try TemporaryFolder()
    try temporary.folder("a")
    let paths = (0..<25).map { "\(temporary.path)/a/\($0).png" }
    do {
      _ = try PictureHash.read(paths)
      Issue.record("nothing was wrong")
    } catch let error as DatasetError {
      #expect(error.message == "25 pictures cannot be read")
      #expect(error.details.count == 21 && error.details[0].contains("/0.png") && error.details[19].contains("/19.png"))
      #expect(error.details[20] == "and 5 more")
    }
  }
}
