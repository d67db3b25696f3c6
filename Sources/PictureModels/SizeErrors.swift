import ModelGraph
import Text

extension ModelMetadata {
  /// E215 for each of height and width where `giemsa.input_size` contradicts the declaration of the model's input,
  /// a batch of pictures.
  public func sizeErrors(of input: Declaration) -> [GraphError] {
    guard input.dimensions.count == 4 else { return [] }
    var errors: [GraphError] = []
    let first = PictureAxes(input.dimensions).height
    for (axis, extent) in inputSize.enumerated() {
      guard case .fixed(let wanted) = input.dimensions[first + axis], wanted != extent else { continue }
      let name = axis == 0 ? "height" : "width"
      errors.append(
        GraphError(
          .badMetadata, "metadata 'giemsa.input_size' says \(name) \(extent); the model's input has \(wanted)"))
    }
    return errors
  }
}
