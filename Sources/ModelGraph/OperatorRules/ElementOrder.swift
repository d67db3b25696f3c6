extension Tensor {
  /// For each element a number that orders as the elements do: −0 is 0, every NaN is one number above all others.
  ///
  /// Sorting and comparing such numbers needs no copy for each element type.
  func orderKeys() throws(GraphError) -> [UInt64] {
    let sign: UInt64 = 1 << 63
    switch type.lane {
    case .real:
      return try converted(to: .float64).array(of: Double.self).map { value in
        if value.isNaN { return .max }
        let bits = value == 0 ? 0 : value.bitPattern
        return bits & sign == 0 ? bits | sign : ~bits
      }
    case .signed: return try converted(to: .int64).array(of: Int64.self).map { UInt64(bitPattern: $0) ^ sign }
    case .unsigned: return try converted(to: .uint64).array(of: UInt64.self)
    }
  }
}
