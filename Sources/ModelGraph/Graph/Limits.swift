import Text

/// Limits on the size of a file and on the memory that its model takes. A file beyond one of them is refused with E105
/// (``memoryBytes``: E212) before memory is allocated for it.
///
/// `standard` admits every network that is useful on a workstation. A service that accepts files from strangers may set
/// lower limits.
public struct Limits: Sendable {
  /// Bytes of a model or tensor file. Protocol buffers cannot be larger than 2 GiB.
  public var fileBytes = Int(Int32.max)
  /// Bytes that a parsed message may take: `parseBase`, plus `parseFactor` times its bytes in the file. Nodes and
  /// initialisers are parsed one at a time, without the weights' raw_data; the rest, inputs, outputs and metadata, at once.
  public var parseFactor = 4
  public var parseBase = 4 << 20
  /// Bytes of tensor data in files beside the model, in total.
  public var externalBytes = Int(Int32.max)
  public var nodes = 100_000
  public var initialisers = 100_000
  /// Graph inputs; graph outputs.
  public var graphInputs = 4096
  /// Inputs or outputs of one node.
  public var nodeInputs = 4096
  /// Attributes of one node, and entries of a list in one attribute.
  public var attributes = 64
  public var attributeEntries = 1 << 20
  /// How deep branches may lie in branches.
  public var depth = 8
  /// Bytes of any name.
  public var nameBytes = 16384
  /// Axes of a tensor.
  public var rank = 32
  public var metadataEntries = 4096
  /// Bytes of one metadata value, or of a string attribute.
  public var textBytes = 16 << 20

  /// Bytes that running a model may take for each picture of a batch, beyond the weights in the file: inputs, activations,
  /// outputs, scratch memory of kernels, folded constants. `--max-memory` sets it. 512 MiB are enough for a U-Net of 64 channels
  /// on 512 × 512 pixels, and several times what a ResNet or a vision transformer needs.
  public var memoryBytes = usualMemory
  private static let usualMemory = 512 << 20

  /// Bytes that a graph may take from reading the file to the plan, beyond its tensors and twice the bytes of the file and its
  /// external data. Exporters write hundreds of bytes for each node, so only graphs of more than 10,000 can be over it. Grows
  /// with ``memoryBytes``, for those who trust a file.
  public var graphBytes: Int { (16 << 20) + max(memoryBytes - Limits.usualMemory, 0) }

  /// Findings of one file that are reported one by one. The rest is only counted.
  public var findings = 1000

  /// Keys of which one must have signed a model's file. Empty: files of anyone are taken. A file that must be signed is read
  /// into memory whole, so that what was verified is what runs.
  public var signers: [SignerKey] = []

  public static let standard = Limits()

  public init() {}

  /// Bytes of packed weights that are allowed for each byte of weights. Winograd weights are up to seven times as
  /// large, but only a few layers use them.
  private static let packedShare = 4

  /// Bytes that running a model may take for `batch` pictures.
  public func room(batch: Int, weightBytes: Int) -> Int {
    let (base, overflow) = memoryBytes.multipliedReportingOverflow(by: max(batch, 1))
    let room = Double(overflow ? Int.max : base) + Double(Limits.packedShare) * Double(weightBytes)
    return Int(saturating: room)
  }

  /// Throws E212 if a plan for `batch` pictures takes more memory than the limit.
  public func admit(bytes: Int, batch: Int, weightBytes: Int) throws(GraphError) {
    let room = room(batch: batch, weightBytes: weightBytes)
    guard bytes > room else { return }
    throw GraphError(
      .tooLarge,
      "wants \((bytes >> 20) + 1) MiB of memory to run; the limit for it is \(room >> 20) MiB. "
        + "If it is to be trusted, raise the limit with --max-memory SIZE (2G, say), or take a smaller batch or picture"
    )
  }
}
