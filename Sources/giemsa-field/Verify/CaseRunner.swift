import Giemsa
import Text

/// Runs cases of stored inputs and outputs through one model.
struct CaseRunner {
  private let model: CaseModel
  private let limits: Limits
  private let tolerance: Tolerance

  init(_ model: CaseModel, limits: Limits, tolerance: Tolerance) {
    (self.model, self.limits, self.tolerance) = (model, limits, tolerance)
  }

  /// `folder` itself, or if it is not a case the subfolders that are: test_data_set_0, case_0, ….
  static func cases(in folder: String) -> [String] {
    if hasCase(folder) { return [folder] }
    guard let listing = try? FolderListing(folder) else { return [folder] }
    let cases = listing.entries.filter { $0.isFolder && hasCase($0.path) }.map { $0.path }
    return cases.isEmpty ? [folder] : cases
  }

  /// A case of a model without inputs only has outputs.
  private static func hasCase(_ folder: String) -> Bool {
    FileKind("\(folder)/input_0.pb").exists || FileKind("\(folder)/output_0.pb").exists
  }

  /// Prints a line for each output. Throws if the case cannot be run at all.
  func run(_ directory: String, asJSON: Bool) throws(GraphError) -> Bool {
    let names = model.outputNames
    let inputs = try Self.tensors(directory, "input", model.inputCount, limits: limits)
    let expected = try Self.tensors(directory, "output", names.count, limits: limits)
    let found = try model.run(inputs)
    guard found.count == expected.count else {
      throw GraphError(.noOutput, "the model gave \(found.count) outputs; the case has \(expected.count)")
    }
    var agrees = true
    for (index, name) in names.enumerated() {
      let comparison = Comparison(found[index], expected[index], tolerance)
      Console.out(
        asJSON
          ? comparison.json(case: directory, output: name) : "\(directory): \(name): \(comparison.text)".printable)
      if !comparison.agrees { agrees = false }
    }
    return agrees
  }

  static func tensors(
    _ directory: String, _ kind: String, _ count: Int, limits: Limits
  ) throws(GraphError) -> [Tensor] {
    var tensors: [Tensor] = []
    for index in 0..<count {
      let name = "\(kind)_\(index).pb"
      do {
        tensors.append(try Tensor(storedIn: "\(directory)/\(name)", limits: limits))
      } catch {
        throw error.at(name)
      }
    }
    return tensors
  }
}
