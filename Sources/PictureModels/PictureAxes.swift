import ModelGraph

/// Where the input of a model of pictures has its channels and sides: `[N, C, H, W]`, or `[N, H, W, C]` as exports from
/// Keras have it. C is 3 (red, green, blue) or 1 (grey).
public struct PictureAxes: Sendable, Equatable {
  public let isChannelsLast: Bool

  public static let channelsFirst = PictureAxes(isChannelsLast: false)

  /// Numbers of channels that pictures have.
  public static let channelCounts = [1, 3]

  public init(isChannelsLast: Bool) { self.isChannelsLast = isChannelsLast }

  /// Channels are last if that axis has a picture's number of channels and the second has not: `[N, 1, 64, 3]` has one
  /// channel.
  public init(_ dimensions: [Dimension]) {
    func isCount(_ dimension: Dimension) -> Bool {
      if case .fixed(let extent) = dimension { return PictureAxes.channelCounts.contains(extent) }
      return false
    }
    isChannelsLast = dimensions.count == 4 && isCount(dimensions[3]) && !isCount(dimensions[1])
  }

  public var channel: Int { isChannelsLast ? 3 : 1 }
  public var height: Int { isChannelsLast ? 1 : 2 }
  public var width: Int { height + 1 }

  /// The shape of a batch of pictures.
  public func shape(_ pictures: Int, channels: Int, height: Int, width: Int) -> Shape {
    isChannelsLast ? [pictures, height, width, channels] : [pictures, channels, height, width]
  }
}
