import Giemsa
import GiemsaC
import Text

/// What a `giemsa_classifier` points to.
final class ClassifierHandle {
  let classifier: PictureClassifier
  let classes: [CText]
  let message = Message()

  init(_ classifier: PictureClassifier) {
    self.classifier = classifier
    classes = classifier.classes.map { CText($0) }
  }
}

@c @implementation
public func giemsa_classifier_create(
  _ model: OpaquePointer?, _ options: UnsafePointer<giemsa_picture_options>?,
  _ classifier: UnsafeMutablePointer<OpaquePointer?>?
) -> giemsa_status {
  call { () throws(Failure) in
    let model = try given(model, "model").object(ModelHandle.self)
    let place = try given(classifier, "classifier")
    let description = try description(options)
    let classifier: PictureClassifier
    do throws(GraphError) {
      classifier = try PictureClassifier(model.model, description: description)
    } catch {
      throw Failure(error, badInput: GIEMSA_BAD_MODEL)
    }
    place.pointee = OpaquePointer(keeping: ClassifierHandle(classifier))
  }
}

private func description(
  _ given: UnsafePointer<giemsa_picture_options>?
) throws(Failure) -> PictureClassifier.Description {
  var description = PictureClassifier.Description()
  guard let given else { return description }
  let size = MemoryLayout<giemsa_picture_options>.size
  try checkSize(given.pointee.size, size, size, given, "options")
  let known = given.pointee
  description.size = try pictureSize(known.height, known.width)
  if let mean = known.mean { description.mean = [mean[0], mean[1], mean[2]] }
  if let std = known.std { description.std = [std[0], std[1], std[2]] }
  if let classes = known.classes {
    guard (1...65536).contains(known.class_count) else {
      throw .argument("options->class_count is \(known.class_count); 1 to 65536 are possible")
    }
    var names: [String] = []
    for index in 0..<known.class_count {
      guard let name = classes[index] else { throw .argument("options->classes[\(index)] is NULL") }
      names.append(PathText.text(name))
    }
    description.classes = names
  }
  description.overrides = known.overrides != 0
  return description
}

@c @implementation
public func giemsa_classifier_free(_ classifier: OpaquePointer?) { classifier?.release(ClassifierHandle.self) }

@c @implementation
public func giemsa_class_count(_ classifier: OpaquePointer?) -> Int {
  classifier?.object(ClassifierHandle.self).classes.count ?? 0
}

@c @implementation
public func giemsa_class_name(_ classifier: OpaquePointer?, _ index: Int) -> UnsafePointer<CChar>? {
  guard let classes = classifier?.object(ClassifierHandle.self).classes, classes.indices.contains(index) else {
    return nil
  }
  return classes[index].pointer
}

@c @implementation
public func giemsa_classify_file(
  _ classifier: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ answer: UnsafeMutablePointer<giemsa_answer>?,
  _ probabilities: UnsafeMutablePointer<Double>?, _ count: Int
) -> giemsa_status {
  classify(classifier, answer, probabilities, count) { preprocessing throws(Failure) in
    let path = PathText.text(try given(path, "path"))
    if case .unreadable(let why) = FileKind(path) {
      throw Failure(status: GIEMSA_UNREADABLE, message: "\(path): \(why)".printable)
    }
    return try picture { () throws(ImagingError) in try preprocessing.read(path).picture }
  }
}

@c @implementation
public func giemsa_classify_memory(
  _ classifier: OpaquePointer?, _ bytes: UnsafeRawPointer?, _ byteCount: Int,
  _ answer: UnsafeMutablePointer<giemsa_answer>?, _ probabilities: UnsafeMutablePointer<Double>?, _ count: Int
) -> giemsa_status {
  classify(classifier, answer, probabilities, count) { preprocessing throws(Failure) in
    let bytes = try given(bytes, "bytes")
    guard byteCount >= 0 else { throw .argument("byte_count is larger than any memory") }
    return try picture { () throws(ImagingError) in
      let bytes = UnsafeRawBufferPointer(start: bytes, count: byteCount)
      return try PictureFile(bytes, named: "picture", preprocessing.options).picture
    }
  }
}

@c @implementation
public func giemsa_classify_pixels(
  _ classifier: OpaquePointer?, _ rgb: UnsafePointer<UInt8>?, _ width: Int, _ height: Int, _ rowBytes: Int,
  _ answer: UnsafeMutablePointer<giemsa_answer>?, _ probabilities: UnsafeMutablePointer<Double>?, _ count: Int
) -> giemsa_status {
  classify(classifier, answer, probabilities, count) { _ throws(Failure) in
    let rgb = try given(rgb, "rgb")
    return try picture { () throws(ImagingError) in
      try Picture(copying: rgb, width: width, height: height, rowBytes: rowBytes)
    }
  }
}

@c @implementation
public func giemsa_classifier_message(_ classifier: OpaquePointer?) -> UnsafePointer<CChar>? {
  classifier?.object(ClassifierHandle.self).message.text.pointer ?? emptyText.pointer
}

private func picture(_ make: () throws(ImagingError) -> Picture) throws(Failure) -> Picture {
  do { return try make() } catch { throw Failure(status: GIEMSA_BAD_PICTURE, message: error.message.printable) }
}

/// Checks where the answer goes, makes the picture, and answers.
private func classify(
  _ classifier: OpaquePointer?, _ answer: UnsafeMutablePointer<giemsa_answer>?,
  _ probabilities: UnsafeMutablePointer<Double>?, _ count: Int, _ picture: (Preprocessing) throws(Failure) -> Picture
) -> giemsa_status {
  let handle = classifier?.object(ClassifierHandle.self)
  return call(handle?.message) { () throws(Failure) in
    let handle = try given(handle, "classifier")
    if let answer, answer.pointee.size < MemoryLayout<giemsa_answer>.size {
      throw .argument("answer->size is \(answer.pointee.size); set it to sizeof(giemsa_answer)")
    }
    guard count == (probabilities == nil ? 0 : handle.classes.count) else {
      throw Failure(
        status: GIEMSA_BAD_SIZE,
        message: "room for \(count) probabilities; the model has \(handle.classes.count) classes")
    }
    let picture = try picture(handle.classifier.preprocessing)
    let found: Classification
    do throws(ClassificationError) { found = try handle.classifier.classify(picture) } catch { throw Failure(error) }
    answer?.pointee.class_index = found.classIndex
    answer?.pointee.class_name = handle.classes[found.classIndex].pointer
    answer?.pointee.probability = found.probability
    if let probabilities {
      for (index, probability) in found.probabilities.enumerated() { probabilities[index] = probability }
    }
  }
}

extension Failure {
  init(_ error: ClassificationError) {
    switch error {
    case .picture(let error): self.init(status: GIEMSA_BAD_PICTURE, message: error.message.printable)
    case .model(let error): self.init(error)
    case .notNumbers: self.init(status: GIEMSA_NO_ANSWER, message: error.description)
    }
  }
}
