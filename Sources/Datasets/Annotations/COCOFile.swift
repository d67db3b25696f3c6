import Foundation

/// COCO's object detection format: one JSON object with `images`, `annotations` and `categories`.
/// https://cocodataset.org/#format-data
enum COCOFile {
  private struct Content: Decodable {
    var images: [Image]
    var annotations: [Annotation]
    var categories: [Category]
  }

  private struct Image: Decodable {
    var id: Key
    var file_name: String
    var width: Int?
    var height: Int?
  }

  private struct Annotation: Decodable {
    var image_id: Key
    var category_id: Key
    var bbox: [Double]?
    var iscrowd: Int?
  }

  private struct Category: Decodable {
    var id: Key
    var name: String
  }

  /// An id: a number by the format, a text in some tools' files.
  private struct Key: Decodable, Hashable, CustomStringConvertible {
    var description: String

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let number = try? container.decode(Int.self) {
        description = "\(number)"
      } else {
        description = try container.decode(String.self)
      }
    }
  }

  /// - Parameter path: for messages.
  static func read(_ bytes: [UInt8], _ path: String) throws -> AnnotatedFields {
    let content: Content
    do {
      content = try JSONDecoder().decode(Content.self, from: Data(bytes))
    } catch let error as DecodingError {
      throw DatasetError("\(path): not a COCO file of boxes (\(reason(error)))")
    }
    var names: [Key: String] = [:]
    for category in content.categories {
      guard names.updateValue(category.name, forKey: category.id) == nil else {
        throw DatasetError("\(path): two categories have the id \(category.id)")
      }
    }
    var found = AnnotatedFields()
    var places: [Key: Int] = [:]
    for image in content.images {
      guard places.updateValue(found.fields.count, forKey: image.id) == nil else {
        throw DatasetError("\(path): two images have the id \(image.id)")
      }
      var field = AnnotatedField(name: image.file_name)
      if let width = image.width, let height = image.height { field.size = (width, height) }
      found.fields.append(field)
    }
    for (number, annotation) in content.annotations.enumerated() {
      func fail(_ why: String) -> DatasetError { DatasetError("\(path): annotations[\(number)] has \(why)") }
      guard let place = places[annotation.image_id] else {
        throw fail("an image_id that is not in images: \(annotation.image_id)")
      }
      guard let name = names[annotation.category_id] else {
        throw fail("a category_id that is not in categories: \(annotation.category_id)")
      }
      if annotation.iscrowd == 1 {
        found.groups += 1
        continue
      }
      guard let numbers = annotation.bbox, numbers.count == 4 else { throw fail("no bbox [x, y, width, height]") }
      let box = AnnotatedBox(name, x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
      if let problem = AnnotatedFields.problem(box) { throw fail(problem) }
      found.fields[place].boxes.append(box)
    }
    return found
  }

  private static func reason(_ error: DecodingError) -> String {
    func place(_ path: [any CodingKey]) -> String {
      path.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined().drop { $0 == "." }.description
    }
    switch error {
    case .keyNotFound(let key, let context):
      let whole = place(context.codingPath)
      return whole.isEmpty ? "it has no \(key.stringValue)" : "\(whole) has no \(key.stringValue)"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return "\(place(context.codingPath)) is of another type"
    case .dataCorrupted(let context):
      let whole = place(context.codingPath)
      return whole.isEmpty ? "it is damaged JSON" : "\(whole) cannot be read"
    @unknown default: return "it cannot be read"
    }
  }
}
