import Imaging

/// Marks what the dyes of the stain colour rather than haemoglobin: nuclei of white cells, platelets, parasites.
struct Nuclei {
  /// 1 where stained, else 0.
  let mask: Plane

  init(_ field: ReducedField, _ colour: RedCellColour, _ bytes: Scratch<UInt8>) throws(ImagingError) {
    mask = Plane(width: field.width, height: field.height, bytes: try bytes.room(field.width * field.height))
    let (green, blue) = (field.green.bytes, field.blue.bytes)
    for index in 0..<mask.count { mask.bytes[index] = colour.isNuclear(green[index], blue[index]) ? 1 : 0 }
  }
}
