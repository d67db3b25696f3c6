import Giemsa

func classify(_ path: String, _ picture: String) throws {
  // snippet: classify
  let classifier = try PictureClassifier(contentsOf: path)
  let answer = try classifier.classify(contentsOf: picture)
  print(answer.className, rounded(answer.probability))
  // end
}

func classifyPixels(_ path: String) throws {
  let (width, height) = (20, 10)
  let rgb = (0..<(width * height * 3)).map { UInt8($0 % 251) }
  // snippet: classify-pixels
  let classifier = try PictureClassifier(contentsOf: path)
  let picture = Picture(width: width, height: height, pixels: rgb)
  let answer = try classifier.classify(picture)
  for (name, probability) in zip(classifier.classes, answer.probabilities) { print(name, rounded(probability)) }
  // end
}

func describe(_ path: String, _ picture: String) throws {
  // snippet: describe
  var description = PictureClassifier.Description()
  description.size = (height: 16, width: 16)
  description.mean = Preprocessing.imageNetMean
  description.std = Preprocessing.imageNetStd
  description.classes = ["Parasitized", "Uninfected"]
  let classifier = try PictureClassifier(contentsOf: path, description: description)
  // end
  print("described:", try classifier.classify(contentsOf: picture).className)
}
