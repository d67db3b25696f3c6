/// What a file may ask of us. A file beyond any of these is refused with E105 (``memoryBytes``: E212) before the memory is
/// asked for.
///
/// `standard` admits every network that makes sense on a workstation; a service that takes files from strangers may
/// want less.
public struct Limits: Sendable {
  /// Bytes of a model or tensor file: protocol buffers end at 2 GiB anyway.
  public var fileBytes = Int(Int32.max)
  /// Bytes that parsing may allocate in all: `parseFactor` times the bytes parsed (the file without its weights'
  /// raw_data), and `parseBase` for small files of many parts. A well-made file needs some hundred bytes a node.
  public var parseFactor = 4
  public var parseBase = 64 << 20
  /// Bytes of tensor data read from files beside the model, in all.
  public var externalBytes = Int(Int32.max)
  public var nodes = 100_000
  public var initialisers = 100_000
  /// Graph inputs and graph outputs, each.
  public var graphInputs = 4096
  /// Inputs or outputs of one node.
  public var nodeInputs = 4096
  /// Attributes of one node, and entries of a list in one.
  public var attributes = 64
  public var attributeEntries = 1 << 20
  /// Bytes of any name.
  public var nameBytes = 16384
  /// Axes of a tensor.
  public var rank = 32
  public var metadataEntries = 4096
  /// Bytes of one metadata value, or of a string attribute.
  public var textBytes = 16 << 20

  /// Bytes that running a model may take beyond the weights it brings, for each picture of a batch: activations, what
  /// kernels work in, constants that folding makes. `--max-memory` raises it. 512 MiB are enough for a U-Net of 64 channels
  /// on 512 × 512 pixels, several times over for a ResNet or a vision transformer.
  public var memoryBytes = 512 << 20
  /// Problems of one file that are told one by one; the rest is counted.
  public var findings = 1000

  public static let standard = Limits()

  public init() {}

  /// Bytes that packing weights for their kernels may make of each byte of them (Winograd's are up to seven times as many,
  /// few layers' at a time).
  private static let packedShare = 4

  /// Throws E212 where a plan for `batch` pictures at once would take more than the limit.
  public func admit(bytes: Int, batch: Int, weightBytes: Int) throws(GraphError) {
    let (base, overflow) = memoryBytes.multipliedReportingOverflow(by: max(batch, 1))
    let room = Double(overflow ? Int.max : base) + Double(Limits.packedShare) * Double(weightBytes)
    guard Double(bytes) > room else { return }
    throw GraphError(
      .tooLarge,
      "wants \((bytes >> 20) + 1) MiB of memory to run; the limit for it is \(Int(room) >> 20) MiB. "
        + "If it is to be trusted, raise the limit with --max-memory SIZE (2G, say), or take a smaller batch or picture"
    )
  }
}
