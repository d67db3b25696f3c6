import Kernels
import ModelGraph

extension convolution_geometry {
  /// The geometry of every kernel with a window is filled here, and only here. The plane must be flat.
  ///
  /// - Parameters:
  ///   - channels: of the input, of all groups together.
  ///   - filters: channels of the output.
  init(_ plane: WindowPlane, batch: Int, channels: Int, filters: Int, groups: Int) {
    let (height, width) = (plane.height, plane.width)
    self.init(
      batch: batch, in_height: height.input, in_width: width.input, in_channels: channels, out_height: height.output,
      out_width: width.output, out_channels: filters, kernel_height: height.kernel, kernel_width: width.kernel,
      stride_height: height.stride, stride_width: width.stride, dilation_height: height.dilation,
      dilation_width: width.dilation, pad_top: height.padBefore, pad_left: width.padBefore,
      pad_bottom: height.padAfter, pad_right: width.padAfter, groups: groups)
  }

  public init(_ geometry: ConvolutionGeometry) {
    self.init(
      geometry.plane, batch: geometry.batch, channels: geometry.channels, filters: geometry.filters,
      groups: geometry.group)
  }

  /// A window that moves over each channel by itself.
  init(_ plane: WindowPlane, batch: Int, channels: Int) {
    self.init(plane, batch: batch, channels: channels, filters: channels, groups: channels)
  }

  /// One window over the whole of each plane of an `[N, C, …]` value.
  init(wholePlanesOf shape: Shape, of operatorName: String) throws(GraphError) {
    let count = shape.planeCount
    self.init(
      try Window().plane(over: [1, 1, count], kernel: [count], of: operatorName), batch: shape[0], channels: shape[1])
  }
}

extension ConvolutionGeometry {
  /// A matrix product `[rows, depth] · [depth, columns]` as a 1×1 convolution of one image, one row high.
  init(rows: Int, depth: Int, columns: Int, of operatorName: String) throws(GraphError) {
    try self.init(Window(), group: 1, x: [1, depth, rows], w: [columns, depth, 1], of: operatorName)
  }

  /// Multiply-adds of the whole convolution.
  var multiplyAdds: Int { batch * filters * plane.outputCount * groupChannels * plane.taps }
}
