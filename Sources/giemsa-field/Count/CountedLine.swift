import Giemsa

/// One field with its result, ready to be written.
struct CountedLine {
  let path: String
  let slide: String
  let field: CountedField
  let result: SlideResult
}

/// One slide with its result.
struct SlideLine {
  let slide: SlideTally
  let result: SlideResult
}
