import Kernels
import ModelGraph

// Every kernel's geometry is filled here, and only here.

/// The fields that the structs of all kernels with a window have in common.
private protocol PlaneFields {
  var batch: Int { get set }
  var in_height: Int { get set }
  var in_width: Int { get set }
  var out_height: Int { get set }
  var out_width: Int { get set }
  var pad_top: Int { get set }
  var pad_left: Int { get set }
}

private protocol WindowFields: PlaneFields {
  var kernel_height: Int { get set }
  var kernel_width: Int { get set }
  var stride_height: Int { get set }
  var stride_width: Int { get set }
  var dilation_height: Int { get set }
  var dilation_width: Int { get set }
}

private protocol ConvolutionFields: WindowFields {
  var in_channels: Int { get set }
  var out_channels: Int { get set }
  var groups: Int { get set }
}

extension f32_convolution: ConvolutionFields {}
extension q8_convolution: ConvolutionFields {}
extension f32_window: WindowFields {}
extension f32_winograd: PlaneFields {}

extension PlaneFields {
  fileprivate mutating func fillPlane(_ plane: WindowPlane, batch: Int) {
    self.batch = batch
    (in_height, in_width) = (plane.height.input, plane.width.input)
    (out_height, out_width) = (plane.height.output, plane.width.output)
    (pad_top, pad_left) = (plane.height.padBefore, plane.width.padBefore)
  }
}

extension WindowFields {
  fileprivate mutating func fillWindow(_ plane: WindowPlane, batch: Int) {
    fillPlane(plane, batch: batch)
    (kernel_height, kernel_width) = (plane.height.kernel, plane.width.kernel)
    (stride_height, stride_width) = (plane.height.stride, plane.width.stride)
    (dilation_height, dilation_width) = (plane.height.dilation, plane.width.dilation)
  }
}

extension ConvolutionFields {
  fileprivate mutating func fill(_ geometry: ConvolutionGeometry) {
    fillWindow(geometry.plane, batch: geometry.batch)
    (in_channels, out_channels, groups) = (geometry.channels, geometry.filters, geometry.group)
  }
}

extension f32_convolution {
  /// The geometry alone; not planned, no pointers.
  init(_ geometry: ConvolutionGeometry) {
    self.init()
    fill(geometry)
  }
}

extension q8_convolution {
  /// The geometry alone; not planned, no pointers.
  init(_ geometry: ConvolutionGeometry) {
    self.init()
    fill(geometry)
  }
}

extension f32_winograd {
  /// The geometry alone, of a 3×3 convolution; not planned, no pointers.
  init(_ geometry: ConvolutionGeometry) {
    self.init()
    fillPlane(geometry.plane, batch: geometry.batch)
    (in_channels, out_channels) = (geometry.channels, geometry.filters)
    stride = geometry.plane.height.stride
  }
}

extension f32_window {
  init(_ plane: WindowPlane, batch: Int, channels: Int) {
    self.init()
    fillWindow(plane, batch: batch)
    self.channels = channels
    (pad_bottom, pad_right) = (plane.height.padAfter, plane.width.padAfter)
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

  /// Pixels of a filter.
  var taps: Int { plane.height.kernel * plane.width.kernel }

  /// Multiply-adds of the whole convolution.
  var multiplyAdds: Int { batch * filters * plane.outputCount * groupChannels * taps }
}
