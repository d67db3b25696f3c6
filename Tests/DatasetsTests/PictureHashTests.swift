import Datasets
import Foundation
import Imaging
import Testing

/// Expected digests: FIPS 180-4's examples (csrc.nist.gov) and Python's hashlib.
@Suite struct PictureHashTests {
  @Test func sha256OfKnownTexts() {
    #expect(SHA256.hex([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(SHA256.hex(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      SHA256.hex(Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8))
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
  }

  @Test func piecesOfAnySizeGiveTheSameDigest() {
    let bytes = (0..<1000).map { UInt8($0 % 251) }
    for size in [1, 3, 63, 64, 65, 500] {
      var hash = SHA256()
      for start in stride(from: 0, to: bytes.count, by: size) {
        hash.update(Array(bytes[start..<min(start + size, bytes.count)]))
      }
      #expect(hash.finish() == SHA256.hex(bytes))
    }
    #expect(SHA256.hex(bytes) == "4e4c294b331f7a2099a379bec34b9f9fc03dc46ab465d998f4d683da53487e6d")
  }

  @Test func picturesByTheirPixelsAlone() throws {
    #expect(
      PictureHash.hash(Picture(width: 2, height: 1, pixels: [1, 2, 3, 4, 5, 6])) == "2ff0a1ac1dacbe924b0af46c1814b28f")
    let temporary = TemporaryFolder()
    try temporary.make("a")
    try temporary.write("a/one.png", noise(1))
    try temporary.write("a/two.png", noise(2))
    try temporary.write("a/again.png", noise(1))
    let hashes = try PictureHash.hashes(["one", "two", "again"].map { "\(temporary.path)/a/\($0).png" })
    #expect(hashes[0] == hashes[2])
    #expect(hashes[0] != hashes[1])
    #expect(message { _ = try PictureHash.hashes(["\(temporary.path)/none.png"]) }.contains("none.png"))
  }

  @Test func dataSetsByContentNotByOrder() {
    let expected = "55bf7249f198ddc2cd4886692ec59378631ea237730cae7e54d38208938b77f3"
    #expect(PictureHash.dataSet([("ab", "well"), ("cd", "infected")]) == expected)
    #expect(PictureHash.dataSet([("cd", "infected"), ("ab", "well")]) == expected)
    #expect(PictureHash.dataSet([("cd", "well"), ("ab", "infected")]) != expected)
  }

  @Test func overlapsAreNamed() {
    func entry(_ name: String, _ slide: String, _ hash: String) -> Overlap.Entry {
      Overlap.Entry(name: name, slide: slide, hash: hash)
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
}
