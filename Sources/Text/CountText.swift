/// `1 picture`, `20 pictures`; `many` is the plural where it is not the singular and an s.
public func counted(_ count: Int, _ one: String, _ many: String? = nil) -> String {
  "\(count) \(count == 1 ? one : many ?? one + "s")"
}
