import Giemsa
import Text

/// A counted field with the drawings that are wanted of it.
struct DrawnField {
  /// Which drawings are wanted.
  struct Drawings {
    var overlay = false
    var figure: ReportFigure?
  }

  let field: CountedField
  /// The bytes of ``FieldOverlay`` and ``ReportFigure``; empty unless wanted.
  private(set) var overlay: [UInt8] = []
  private(set) var figure: [UInt8] = []

  init(_ path: String, _ counter: FieldCounter, _ drawings: Drawings) throws(ClassificationError) {
    let file = try counter.read(path)
    do throws(ClassificationError) {
      field = try counter.count(file)
      do throws(ImagingError) {
        if drawings.overlay { overlay = try FieldOverlay.png(file.picture, field) }
        if !Version.isForSomeModels, let wanted = drawings.figure {
          figure = try wanted.svg(file.picture, field, positive: counter.positive)
        }
      } catch {
        throw .picture(error)
      }
    } catch {
      // Unlike those of reading, these errors do not name the file.
      guard case .picture(let reason) = error else { throw error }
      throw .picture(ImagingError("\(path): \(reason.message)", exceeded: reason.exceeded))
    }
  }
}
