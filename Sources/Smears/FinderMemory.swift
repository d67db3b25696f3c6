/// The scratch memory of a finder.
struct FinderMemory {
  let planes = Scratch<UInt8>()
  let bytes = Scratch<UInt8>()
  let whites = Scratch<UInt8>()
  let nuclei = Scratch<UInt8>()
  let odd = Scratch<UInt8>()
  let pale = Scratch<UInt8>()
  let marks = Scratch<UInt8>()
  let sums = Scratch<UInt32>()
  let lines = Scratch<Int32>()
  let numbers = Scratch<Int32>()
  let others = Scratch<Int32>()
  let parents = Scratch<Int32>()
  let pieces = Scratch<Int32>()
  let distances = Scratch<UInt16>()
  let columns = Scratch<UInt16>()
}
