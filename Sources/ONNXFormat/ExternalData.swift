import ModelGraph
import ONNXSchema
import Platform
import Text

/// The position of a tensor's bytes as given by external_data.
struct ExternalPlace {
  var location = ""
  var offset = 0
  var length: Int?

  init(_ proto: UnsafeMutablePointer<Onnx__TensorProto>, _ limits: Limits) throws(GraphError) {
    guard proto.pointee.n_external_data <= limits.attributes else {
      throw GraphError(.overLimit, "has \(proto.pointee.n_external_data) entries of external data")
    }
    for case let entry? in UnsafeBufferPointer(
      start: proto.pointee.external_data, count: proto.pointee.n_external_data)
    {
      let value = try entry.pointee.value.text("external data entry", limit: limits.nameBytes)
      switch try entry.pointee.key.text("external data key", limit: limits.nameBytes) {
      case "location": location = value
      case "offset": offset = try ExternalPlace.number(value, "offset")
      case "length": length = try ExternalPlace.number(value, "length")
      default: continue  // checksum and unknown keys
      }
    }
  }

  private static func number(_ text: String, _ key: String) throws(GraphError) -> Int {
    guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = Int(text) else {
      throw GraphError(.externalSize, "external data: \(key) '\(text)' is not a number of bytes")
    }
    return number
  }
}

/// Reads tensor data from regular files in the model's own folder. Nothing else is opened: no absolute path, no `..`,
/// no symbolic link in any component, no device or pipe.
final class ExternalData {
  /// nil: the model has no folder.
  private let folder: String?
  private let limits: Limits
  private var bytesLeft: Int
  private let signature: ModelSignature?
  /// Files that tensors were read from.
  private var locations: [String] = []
  private var isLocated: Set<ExactText> = []
  /// Each file's name, size and time at its first tensor.
  private var states: Set<ExactText> = []
  /// Files that the signature covers, as they were verified.
  private var verified: [(location: String, content: Storage)] = []
  private(set) var bytesRead = 0

  /// - Parameter model: one in memory may have no external data.
  init(besides model: ModelBytes, limits: Limits) {
    signature = model.signature
    let path = model.path
    let bytes = path.map { PathText.bytes(of: $0) } ?? []
    if path == nil {
      folder = nil
    } else if let slash = bytes.lastIndex(of: UInt8(ascii: "/")) {
      folder = bytes[...slash].withUnsafeBufferPointer { PathText.text($0) }
    } else {
      folder = "."
    }
    self.limits = limits
    bytesLeft = limits.externalBytes
  }

  /// Reads exactly `byteCount` bytes.
  func storage(_ place: ExternalPlace, _ byteCount: Int) throws(GraphError) -> Storage {
    let location = try checked(place.location)
    guard let folder else {
      throw GraphError(
        .externalMissing, "external data '\(location)' is beside the model's file; open the model by its path")
    }
    if let length = place.length, length != byteCount {
      throw GraphError(.externalSize, "external data is \(length) bytes long; the shape needs \(byteCount)")
    }
    guard byteCount <= bytesLeft else { throw GraphError(.overLimit, "external data exceed the total limit") }
    let isFirst = isLocated.insert(ExactText(location)).inserted
    if isFirst { locations.append(location) }
    if !Version.isForSomeModels, let signature {
      let content = try verified(location, in: folder, by: signature)
      try check(place, byteCount, UInt64(content.byteCount), location)
      return try copy(byteCount, location) { memory in
        memory.copyMemory(from: content.base + place.offset, byteCount: byteCount)
        return true
      }
    }
    let (file, size) = try open(location, in: folder)
    defer { platform_close(file) }
    try checkState(file, location, isFirst: isFirst)
    try check(place, byteCount, size, location)
    let storage = try copy(byteCount, location) { platform_read_at(file, UInt64(place.offset), $0, byteCount) == 0 }
    try checkState(file, location, isFirst: false)
    return storage
  }

  /// All tensors of a file must come from the same version of it.
  private func checkState(_ file: Int32, _ location: String, isFirst: Bool) throws(GraphError) {
    var (size, changed) = (UInt64(0), Int64(0))
    _ = platform_file_state(file, &size, &changed)
    guard states.insert(ExactText("\(location)\n\(size) \(changed)")).inserted == isFirst else {
      throw GraphError(.externalSize, "external data '\(location)' changed while it was read")
    }
  }

  private func open(_ location: String, in folder: String) throws(GraphError) -> (file: Int32, size: UInt64) {
    var file: Int32 = -1
    var size: UInt64 = 0
    let status = folder.withPath { folder in
      location.withPath { platform_open_beneath(folder, $0, &file, &size) }
    }
    switch status {
    case 0: return (file, size)
    case PLATFORM_NOT_A_FILE:
      throw GraphError(
        .externalPath, "external data '\(location)' is not a regular file (links are not followed); put the file there")
    default:
      throw GraphError(
        .externalMissing,
        "external data '\(location)' cannot be opened beside the model: \(String(cString: platform_error_text(status)))"
      )
    }
  }

  private func check(
    _ place: ExternalPlace, _ byteCount: Int, _ size: UInt64, _ location: String
  ) throws(GraphError) {
    let (end, overflow) = place.offset.addingReportingOverflow(byteCount)
    guard !overflow, UInt64(end) <= size, place.length != nil || UInt64(end) == size else {
      throw GraphError(
        .externalSize,
        "external data '\(location)' has \(size) bytes; the shape needs \(byteCount) from offset \(place.offset)")
    }
  }

  private func copy(
    _ byteCount: Int, _ location: String, _ read: (UnsafeMutableRawPointer) -> Bool
  ) throws(GraphError) -> Storage {
    let storage = try Storage(room: byteCount)
    guard read(storage.base) else {
      throw GraphError(.externalSize, "external data '\(location)' could not be read completely")
    }
    bytesLeft -= byteCount
    bytesRead += byteCount
    return storage
  }

  /// The whole file, which the signature covers. It is read once, however many tensors lie in it.
  private func verified(
    _ location: String, in folder: String, by signature: ModelSignature
  ) throws(GraphError) -> Storage {
    if let known = verified.first(where: { $0.location.isExactly(location) }) { return known.content }
    let content = try whole(location, in: folder)
    try signature.check(UnsafeRawBufferPointer(start: content.base, count: content.byteCount), at: location)
    verified.append((location, content))
    return content
  }

  private func whole(_ location: String, in folder: String) throws(GraphError) -> Storage {
    let (file, size) = try open(location, in: folder)
    defer { platform_close(file) }
    guard size <= UInt64(max(limits.externalBytes, 0)) else {
      throw GraphError(.overLimit, "external data '\(location)' is larger than \(limits.externalBytes) bytes")
    }
    let byteCount = Int(size)
    let content = try Storage(room: byteCount)
    guard platform_read_at(file, 0, content.base, byteCount) == 0 else {
      throw GraphError(.externalSize, "external data '\(location)' could not be read completely")
    }
    return content
  }

  /// Hashes of all files that tensors were read from, for their signature.
  func hashes() throws(GraphError) -> [ModelSignature.DataFile] {
    var files: [ModelSignature.DataFile] = []
    for location in locations {
      let content = try whole(location, in: folder ?? ".")
      let bytes = UnsafeRawBufferPointer(start: content.base, count: content.byteCount)
      let hash = ModelSignature.hash(bytes, byteCount: ModelSignature.hashBytes)
      files.append(ModelSignature.DataFile(location: location, hash: hash))
    }
    return files
  }

  /// The path without `.` components; throws E113 for a path that could leave the folder.
  private func checked(_ location: String) throws(GraphError) -> String {
    let bytes = PathText.bytes(of: location)
    guard !bytes.isEmpty else { throw GraphError(.externalPath, "external data without a location") }
    guard bytes.first != UInt8(ascii: "/"), !bytes.contains(0), bytes.count < 4096 else {
      throw GraphError(.externalPath, "external data location '\(location)' must be a path relative to the model")
    }
    var kept: [UInt8] = []
    for part in bytes.split(separator: UInt8(ascii: "/")) {
      let dots = part.allSatisfy { $0 == UInt8(ascii: ".") }
      if dots && part.count == 1 { continue }
      guard !(dots && part.count == 2) else {
        throw GraphError(.externalPath, "external data location '\(location)' leads out of the model's folder")
      }
      if !kept.isEmpty { kept.append(UInt8(ascii: "/")) }
      kept += part
    }
    guard !kept.isEmpty else { throw GraphError(.externalPath, "external data location '\(location)' names no file") }
    return kept.withUnsafeBufferPointer { PathText.text($0) }
  }
}
