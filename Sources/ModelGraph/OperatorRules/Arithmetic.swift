import Platform

/// A number that operators compute with. Integers wrap around, and division by zero gives 0 as in NumPy, so that no
/// file can cause a trap.
public protocol Arithmetic: TensorElement, Comparable, ExpressibleByIntegerLiteral {
  /// The lowest value: −∞ for floats. The initial value of a maximum.
  static var lowest: Self { get }
  /// The highest value: ∞ for floats.
  static var highest: Self { get }
  /// The lowest and the highest finite value.
  static var lowestFinite: Self { get }
  static var highestFinite: Self { get }
  func plus(_ other: Self) -> Self
  func minus(_ other: Self) -> Self
  func times(_ other: Self) -> Self
  /// Truncated towards zero for integers.
  func divided(by other: Self) -> Self
  init(count: Int)
}

extension Arithmetic where Self: FixedWidthInteger {
  public static var lowest: Self { min }
  public static var highest: Self { max }
  public static var lowestFinite: Self { min }
  public static var highestFinite: Self { max }
  @inline(__always) public func plus(_ other: Self) -> Self { self &+ other }
  @inline(__always) public func minus(_ other: Self) -> Self { self &- other }
  @inline(__always) public func times(_ other: Self) -> Self { self &* other }
  @inline(__always) public func divided(by other: Self) -> Self {
    other == 0 ? 0 : dividedReportingOverflow(by: other).partialValue
  }
  @inline(__always) public init(count: Int) { self.init(truncatingIfNeeded: count) }
}

extension Int8: Arithmetic {}
extension UInt8: Arithmetic {}
extension Int32: Arithmetic {}
extension Int64: Arithmetic {}
extension UInt64: Arithmetic {}

extension FixedWidthInteger {
  /// Rounds towards zero. A value out of range gives the nearest integer of the type, NaN gives 0. It never traps: use
  /// it for floats that come from a file or an argument.
  ///
  /// Inlinable, since other modules convert millions of weights: without a specialised copy one takes 5 µs.
  @inlinable public init(saturating value: Double) {
    if let exact = Self(exactly: value.rounded(.towardZero)) {
      self = exact
    } else {
      self = value.isNaN ? 0 : value < 0 ? .min : .max
    }
  }

  @inlinable @inline(__always) public init(saturating value: Float) { self.init(saturating: Double(value)) }
}

extension Arithmetic {
  /// The larger of two numbers, or NaN if one of them is NaN: the maximum of ReduceMax, GlobalMaxPool and MaxPool.
  @inline(__always) func orLarger(_ next: Self) -> Self { next > self || next != next ? next : self }

  /// The smaller of two numbers, or NaN if one of them is NaN.
  @inline(__always) func orSmaller(_ next: Self) -> Self { next < self || next != next ? next : self }
}

/// float32 or float64.
public protocol Real: Arithmetic, FloatingPoint {
  /// The type of accumulators.
  var wide: Double { get }
  init(_ value: Double)
  init(_ value: Float)
  /// e to the power of this.
  var exponential: Self { get }
  /// The natural logarithm of this.
  var logarithm: Self { get }
}

extension Real {
  public static var lowest: Self { -infinity }
  public static var highest: Self { infinity }
  public static var lowestFinite: Self { -greatestFiniteMagnitude }
  public static var highestFinite: Self { greatestFiniteMagnitude }
  @inline(__always) public func plus(_ other: Self) -> Self { self + other }
  @inline(__always) public func minus(_ other: Self) -> Self { self - other }
  @inline(__always) public func times(_ other: Self) -> Self { self * other }
  @inline(__always) public func divided(by other: Self) -> Self { self / other }
  @inline(__always) public init(count: Int) { self.init(count) }
}

extension Float: Real {
  @inline(__always) public var wide: Double { Double(self) }
  public var exponential: Float { platform_expf(self) }
  public var logarithm: Float { platform_logf(self) }
}

extension Double: Real {
  @inline(__always) public var wide: Double { self }
  public var exponential: Double { platform_exp(self) }
  public var logarithm: Double { platform_log(self) }
}
