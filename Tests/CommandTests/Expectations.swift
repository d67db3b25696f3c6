import Testing

/// A user's mistake must end in one clear line that contains `clues`, with a nonzero status and no crash.
func expectOneClearLine(
  _ program: String, _ arguments: [String], naming clues: [String], sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let run = try ProgramRun(program, arguments)
  #expect(run.exited, "ended by a signal", sourceLocation: sourceLocation)
  #expect(run.status != 0, "status", sourceLocation: sourceLocation)
  #expect(run.errorLines.count == 1, "\(run.error)", sourceLocation: sourceLocation)
  for clue in clues {
    #expect(run.error.contains(clue), "'\(clue)' is not in: \(run.error)", sourceLocation: sourceLocation)
  }
}

/// `validate` prints its findings on standard output, one per line: one must start with `code` and contain `clues`.
func expectFinding(
  _ code: String, in model: String, naming clues: [String] = [], sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let run = try ProgramRun("giemsa-field", ["validate", model])
  #expect(run.exited, "ended by a signal", sourceLocation: sourceLocation)
  // 2 for what cannot be read.
  #expect(run.status == (code == "E101" ? 2 : 1), "status", sourceLocation: sourceLocation)
  let line = run.output.split(separator: "\n").first { $0.contains(" \(code) ") }
  #expect(line != nil, "no \(code) in: \(run.output)", sourceLocation: sourceLocation)
  for clue in clues {
    #expect(line?.contains(clue) == true, "'\(clue)' is not in: \(run.output)", sourceLocation: sourceLocation)
  }
}
