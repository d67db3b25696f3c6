import Foundation
import Imaging
import ModelGraph
import PictureModels
import Testing

@Suite struct PreprocessingTests {
  private func metadata() -> ModelMetadata {
    var metadata = ModelMetadata()
    metadata.mean = [0.5, 0.25, 0]
    metadata.std = [0.5, 1, 2]
    return metadata
  }

  @Test func planesInTheModelsOrder() throws {
    let picture = Picture(width: 2, height: 1, pixels: [255, 0, 51, 0, 255, 102])
    var metadata = metadata()
    let rgb = try Preprocessing(metadata, inputShape: [1, 3, 1, 2]).tensor([picture])
    #expect(rgb.shape == [1, 3, 1, 2])
    #expect(rgb.array(of: Float.self) == [1, -1, -0.25, 0.75, 0.1, 0.2])
    metadata.channelOrder = .bgr
    let bgr = try Preprocessing(metadata, inputShape: [1, 3, 1, 2]).tensor([picture, picture])
    #expect(bgr.shape == [2, 3, 1, 2])
    let close = zip(bgr.array(of: Float.self), [-0.6, -0.2, -0.25, 0.75, 0.5, 0]).allSatisfy { abs($0 - $1) < 1e-6 }
    #expect(close)
  }

  /// Keras's order of axes: the same numbers, pixel by pixel.
  @Test func channelsLast() throws {
    let picture = Picture(width: 3, height: 2, pixels: (0..<18).map { UInt8($0 * 13) })
    let last = PictureAxes(isChannelsLast: true)
    var metadata = metadata()
    for centering in [nil, ModelMetadata.Centering.cell] {
      metadata.centering = centering
      for order in [ModelMetadata.ChannelOrder.rgb, .bgr] {
        metadata.channelOrder = order
        let planes = try Preprocessing(metadata, inputShape: [1, 3, 2, 3]).tensor([picture])
        let pixels = try Preprocessing(metadata, inputShape: [1, 2, 3, 3], axes: last).tensor([picture])
        #expect(pixels.shape == [1, 2, 3, 3])
        let (a, b) = (planes.array(of: Float.self), pixels.array(of: Float.self))
        let same = (0..<18).allSatisfy { (index: Int) -> Bool in
          let (pixel, channel) = (index / 3, index % 3)
          return a[channel * 6 + pixel] == b[index]
        }
        #expect(same)
      }
    }
  }

  /// A model of one channel: Pillow's `convert("L")`.
  @Test func greys() throws {
    let colors: [UInt8] = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 1, 2, 3, 200, 100, 50]
    var metadata = ModelMetadata()
    (metadata.mean, metadata.std) = ([0], [1 / 255])
    for axes in [PictureAxes.channelsFirst, PictureAxes(isChannelsLast: true)] {
      let shape = axes.shape(1, channels: 1, height: 2, width: 3)
      let greys = try Preprocessing(metadata, inputShape: shape, axes: axes)
        .tensor([Picture(width: 3, height: 2, pixels: colors)])
      #expect(greys.shape == shape)
      #expect(greys.array(of: Float.self).map { $0.rounded() } == [76, 150, 29, 255, 2, 124])
    }
    metadata.centering = .cell
    #expect(throws: ImagingError.self) { try Preprocessing(metadata, inputShape: [1, 1, 2, 3]) }
  }

  @Test func axesOfAnInput() {
    func isLast(_ dimensions: [Int?]) -> Bool {
      PictureAxes(dimensions.map { $0.map { .fixed($0) } ?? .symbol("N") }).isChannelsLast
    }
    #expect(isLast([nil, 64, 64, 3]) && isLast([nil, nil, nil, 1]) && isLast([1, 5, 7, 3]))
    #expect(
      !isLast([nil, 3, 64, 64]) && !isLast([nil, 1, 64, 3]) && !isLast([nil, 3, 3, 3]) && !isLast([nil, nil, 64, 64]))
  }

  /// The cell is where a channel is above 8: its own mean is subtracted, and the background becomes 0.
  @Test(arguments: [ModelMetadata.ChannelOrder.rgb, .bgr])
  func centeredOnTheCell(_ order: ModelMetadata.ChannelOrder) throws {
    var metadata = ModelMetadata()
    metadata.centering = .cell
    metadata.channelOrder = order
    let pixels: [UInt8] = [100, 50, 9, 8, 8, 8, 200, 0, 0, 0, 0, 9]
    let picture = Picture(width: 2, height: 2, pixels: pixels)
    let values = try Preprocessing(metadata, inputShape: [1, 3, 2, 2]).tensor([picture]).array(of: Float.self)
    let means: [Double] = [100, 50.0 / 3, 6]
    let colors = order == .rgb ? [0, 1, 2] : [2, 1, 0]
    for (channel, color) in colors.enumerated() {
      for index in 0..<4 {
        let wanted = 4 * (Double(pixels[3 * index + color]) - means[color]) / 255
        #expect(abs(Double(values[4 * channel + index]) - (index == 1 ? 0 : wanted)) < 1e-6)
      }
    }
    let black = try Preprocessing(metadata, inputShape: [1, 3, 2, 2]).tensor([Picture(width: 2, height: 2)])
    #expect(black.array(of: Float.self).allSatisfy { $0 == 0 })
  }

  @Test func centeringIsKeptInTheFile() throws {
    #expect(!metadata().entries.contains { $0.key == "giemsa.centering" })
    var metadata = ModelMetadata()
    metadata.centering = .cell
    #expect(try ModelMetadata(metadata.entries).centering == .cell)
    #expect(!metadata.entries.contains { $0.key == "giemsa.mean" })
    #expect(throws: GraphError.self) { try ModelMetadata([(key: "giemsa.centering", value: "slide")]) }
  }

  @Test func resizeThenCrop() throws {
    var metadata = metadata()
    metadata.resize = 8
    let preprocessing = try Preprocessing(metadata, inputShape: [1, 3, 4, 6])
    let prepared = preprocessing.prepared(Picture(width: 20, height: 10))
    #expect(prepared.width == 6 && prepared.height == 4)
  }

  /// A shorter side slightly below the crop: borders are reflected, the middle is unchanged.
  @Test func resizeThenReflect() throws {
    var metadata = metadata()
    metadata.resize = 4
    let preprocessing = try Preprocessing(metadata, inputShape: [1, 3, 6, 6])
    let picture = Picture(width: 4, height: 4, pixels: (0..<48).map { UInt8($0) })
    let prepared = preprocessing.prepared(picture)
    #expect(prepared.width == 6 && prepared.height == 6)
    func pixel(_ picture: Picture, _ x: Int, _ y: Int) -> UInt8 { picture.pixels[(y * picture.width + x) * 3] }
    #expect(pixel(prepared, 1, 1) == pixel(picture, 0, 0) && pixel(prepared, 4, 4) == pixel(picture, 3, 3))
    #expect(pixel(prepared, 0, 1) == pixel(picture, 1, 0) && pixel(prepared, 5, 5) == pixel(picture, 2, 2))
    let long = picture.extended(width: 6, height: 2)
    #expect(long.width == 6 && long.height == 4)
  }

  /// The code in docs/METADATA.md and this module make the same bits of a file (`tools/make-picture-fixtures`).
  @Test func preparesAsTheDocumentSays() throws {
    struct Input: Decodable {
      let name: String
      let picture: String
      let metadata: [String: String]
    }
    let inputs = try JSONDecoder().decode([Input].self, from: Data(try PictureFixtures.bytes("inputs.json")))
    #expect(inputs.count >= 9)
    for input in inputs {
      let metadata = try ModelMetadata(input.metadata.map { ($0.key, $0.value) })
      let preprocessing = try Preprocessing(metadata, inputShape: Shape([1, 3] + metadata.inputSize))
      let file = try preprocessing.read(PictureFixtures.path(input.picture))
      let tensor = try preprocessing.tensor([file.picture])
      let expected = try PictureFixtures.bytes("input-\(input.name).f32").withUnsafeBytes { bytes in
        (0..<(bytes.count / 4)).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
      }
      #expect(tensor.withElements(Float.self) { Array($0) } == expected, "\(input.name)")
    }
  }

  @Test(arguments: [
    (Shape([1, 2, 8, 8]), "channels"), (Shape([1, 1, 8, 8]), "greys"), (Shape([1, 8, 8]), "shape"),
    (Shape([1, 3, 0, 8]), "pixels"),
  ])
  func wrongInputs(_ shape: Shape, _ word: String) {
    do throws(ImagingError) {
      _ = try Preprocessing(metadata(), inputShape: shape)
      Issue.record("accepted \(shape)")
    } catch {
      #expect(error.message.contains(word))
    }
  }

  @Test func wrongMetadata() {
    var metadata = metadata()
    metadata.inputSize = [32, 32]
    #expect(throws: ImagingError.self) { try Preprocessing(metadata, inputShape: [1, 3, 64, 64]) }
    metadata.inputSize = []
    metadata.resize = 16
    #expect(throws: ImagingError.self) { try Preprocessing(metadata, inputShape: [1, 3, 64, 64]) }
    #expect(throws: ImagingError.self) { try Preprocessing(ModelMetadata(), inputShape: [1, 3, 64, 64]) }
  }
}
