/// `1 picture`, `20 pictures`; `many` is the plural if it is irregular.
public func counted(_ count: Int, _ one: String, _ many: String? = nil) -> String {
  "\(count) \(count == 1 ? one : many ?? one + "s")"
}
