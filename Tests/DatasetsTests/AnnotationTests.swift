import Datasets
import TestSupport
import Testing

/// Boxes in COCO, YOLO, Pascal VOC and CSV files, sound and hostile.
@Suite struct AnnotationTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @discardableResult
  private func write(_ text: String, _ name: String) throws -> String { try folder.write(Array(text.utf8), to: name) }

  private func boxes(_ set: AnnotationSet, _ picture: String = "a.jpg") throws -> [AnnotatedBox]? {
    try set.field(of: picture).map { try set.boxes($0, width: 100, height: 50) }
  }

  private let wanted = [
    AnnotatedBox("red cell", x: 10, y: 5, width: 20, height: 10),
    AnnotatedBox("ring, late", x: 90, y: 40, width: 10, height: 10),
  ]

  private let coco = #"""
    {"info": {}, "images": [{"id": 7, "file_name": "x/a.jpg", "width": 100, "height": 50},
      {"id": "8", "file_name": "b.jpg"}],
     "categories": [{"id": 1, "name": "red cell"}, {"id": 2, "name": "ring, late", "supercategory": "cell"}],
     "annotations": [{"image_id": 7, "category_id": 1, "bbox": [10, 5, 20.0, 1e1], "iscrowd": 0, "segmentation": []},
      {"image_id": 7, "category_id": 1, "bbox": [0, 0, 99, 49], "iscrowd": 1},
      {"image_id": 7, "category_id": 2, "bbox": [90, 40, 30, 30], "area": 900}]}
    """#

  private func voc(_ objects: String, size: String = "<size><width>100</width><height>50</height></size>") -> String {
    "<?xml version=\"1.0\"?>\n<annotation><filename>a.jpg</filename>\(size)\(objects)</annotation>"
  }

  private func object(_ name: String, _ corners: [String]) -> String {
    let tags = zip(["xmin", "ymin", "xmax", "ymax"], corners).map { "<\($0)>\($1)</\($0)>" }.joined()
    return "<object><name>\(name)</name><part><name>nose</name></part><bndbox>\(tags)</bndbox></object>\n"
  }

  @Test func everyFormatGivesTheSameBoxes() throws {
    let files = [
      try write(coco, "boxes.json"),
      try write(
        "filename,width,height,class,xmin,ymin,xmax,ymax\r\na.jpg,100,50,red cell,10,5,30,15\r\n"
          + "a.jpg,100,50,\"ring, late\",90,40,120,70\r\n\r\n", "corners.csv"),
      try write(
        "\u{FEFF}Label;x;y;w;h;Image\nred cell;10;5;20;10;p/a.jpg\nring, late;90;40;30;30;p/a.jpg\n", "box.csv"),
      try write(
        "image\tclass\tx1\ty1\tx2\ty2\na.jpg\tred cell\t10\t5\t30\t15\na.jpg\tring, late\t90\t40\t120\t70", "t.csv"),
      try write("0 0.2 0.2 0.2 0.2\n\n1 1.05 1.1 0.3 0.6 0.99\n", "labels/a.txt"),
      try write(
        voc(object("red cell", ["10", "5", "30", "15"]) + object(" ring, late", ["90", "40", "120", "70"])), "v/a.xml"),
    ]
    try write("red cell\nring, late\n\n", "labels/classes.txt")
    for file in files + [folder.path("labels"), folder.path("v")] {
      let set = try AnnotationSet(file)
      #expect(try boxes(set) == wanted, "\(file)")
      #expect(try boxes(set, "elsewhere/a.jpg") == wanted && boxes(set, "c.jpg") == nil)
      #expect(set.boxCount == 2 && set.categories.map { $0.name } == ["red cell", "ring, late"])
    }
    let set = try AnnotationSet(files[0])
    #expect(set.groups == 1 && set.fieldCount == 2 && set.format == .coco)
    #expect(try boxes(set, "b.jpg") == [])
    // The picture may have been converted.
    #expect(try boxes(set, "a.png") == wanted)
  }

  @Test func polygonsAndNumberedClassesOfYOLO() throws {
    try write("3 0.1 0.1 0.3 0.2 0.2 0.6\n", "labels/a.txt")
    try write("", "labels/empty.txt")
    let set = try AnnotationSet(folder.path("labels"))
    let box = try #require(try boxes(set)?.first)
    #expect(box.category == "3" && abs(box.x - 10) < 1e-9 && abs(box.width - 20) < 1e-9 && abs(box.height - 25) < 1e-9)
    #expect(try boxes(set, "empty.png") == [])
  }

  @Test func foldersTellPicturesOfOneNameApart() throws {
    let set = try AnnotationSet(
      try write("file,label,x,y,w,h\none/a.jpg,r,1,1,1,1\ntwo/a.jpg,r,2,2,2,2\n", "boxes.csv"))
    #expect(try boxes(set, "data/two/a.jpg")?.first?.x == 2)
    #expect(try boxes(set, "/one/a.jpg")?.first?.x == 1)
    #expect(message { _ = try boxes(set, "three/a.jpg") }.contains("has boxes for 2 pictures named a.jpg"))
  }

  @Test func boxesThatDoNotFitThePicture() throws {
    let set = try AnnotationSet(try write(coco, "boxes.json"))
    let field = try #require(try set.field(of: "a.jpg"))
    #expect(
      message { _ = try set.boxes(field, width: 50, height: 100) }.contains(
        "the boxes of x/a.jpg are for 100 × 50 pixels, the picture has 50 × 100; was it resized or turned?"))
    let outside = try AnnotationSet(try write("file,label,x,y,w,h\na.jpg,r,100,1,5,5\n", "boxes.csv"))
    #expect(message { _ = try boxes(outside) }.contains("a.jpg has a box outside the picture's 100 × 50 pixels"))
  }

  @Test func damagedCOCO() throws {
    func told(_ old: String, _ new: String) throws -> String {
      let file = try write(coco.replacing(old, with: new), "boxes.json")
      return message { _ = try AnnotationSet(file) }
    }
    for (old, new, why) in [
      ("\"annotations\"", "\"labels\"", "it has no annotations"),
      ("\"file_name\": \"b.jpg\"", "\"name\": 1", "images[1] has no file_name"),
      ("[10, 5, 20.0, 1e1]", "[10, 5, 20]", "annotations[0] has no bbox"),
      ("[10, 5, 20.0, 1e1]", "[10, 5, 0, 10]", "annotations[0] has a box without area"),
      ("[10, 5, 20.0, 1e1]", "[10, 5, -20, 10]", "annotations[0] has a box without area"),
      ("[10, 5, 20.0, 1e1]", "[1e9, 5, 20, 10]", "annotations[0] has a box with a coordinate"),
      ("[10, 5, 20.0, 1e1]", "\"all\"", "annotations[0].bbox is of another type"),
      ("\"category_id\": 2", "\"category_id\": 3", "annotations[2] has a category_id that is not in categories: 3"),
      (
        "\"image_id\": 7, \"category_id\": 2", "\"image_id\": 9, \"category_id\": 2",
        "an image_id that is not in images: 9"
      ),
      ("\"id\": \"8\"", "\"id\": 7", "two images have the id 7"),
      ("{\"id\": 2", "{\"id\": 1", "two categories have the id 1"),
      ("\"info\": {}", "\"info\": {", "damaged JSON"), ("\"ring, late\"", "\"\"", "a box without a category"),
      ("\"ring, late\"", "null", "categories[1].name"),
    ] {
      let found = try told(old, new)
      #expect(found.contains(why), "\(why): \(found)")
    }
    let deep = String(repeating: "[", count: 200_000)
    #expect(try told("\"info\": {}", "\"info\": \(deep)").contains("not a COCO file of boxes"))
  }

  @Test func damagedVOC() throws {
    let box = ["1", "2", "3", "4"]
    for (text, why) in [
      (voc(object("r", ["1", "2", "x", "4"])), "line 2: <xmax> is not a number"),
      (voc(object("r", ["1", "2", "3"])), "an object without xmin, ymin, xmax and ymax"),
      (voc(object("r", ["3", "2", "1", "4"])), "a box without area"),
      (voc(object("r", ["1", "2", "nan", "4"])), "a coordinate that is no number"),
      (voc(object("", box)), "a box without a category"), (voc("<object>"), "damaged XML"),
      (String(voc(object("r", box)).dropLast(13)), "damaged XML"),
      ("<note/>", "not a Pascal VOC"),
      (
        "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><annotation>&b;</annotation>",
        "declares a document type or entities"
      ), ("<annotation>" + String(repeating: "<a>", count: 100_000), "nested too deeply"),
    ] {
      let file = try write(text, "a.xml")
      let told = message { _ = try AnnotationSet(file) }
      #expect(told.contains(why) && told.hasPrefix(file), "\(why): \(told)")
    }
    // A size of 0 × 0, as some tools write, says nothing.
    let file = try write(voc(object("r", box), size: "<size><width>0</width><height>0</height></size>"), "a.xml")
    #expect(try boxes(try AnnotationSet(file))?.count == 1)
  }

  /// Found by tools/fuzz: XMLParser traps on names that are not UTF-8.
  @Test func encodingOfVOC() throws {
    let sound = voc(object("r", ["1", "2", "3", "4"]))
    // A file of ASCII is read whatever its declaration says.
    for encoding in ["UTF-8", "ISO-8859-1", "windows-1252", "UTF-16", "nothing"] {
      let text = "<?xml version=\"1.0\" encoding=\"\(encoding)\"?>" + sound.drop { $0 != "\n" }
      #expect(try boxes(try AnnotationSet(try write(text, "a.xml")))?.count == 1, "\(encoding)")
    }
    for bytes in [[0xA1], [UInt8](repeating: 0xA1, count: 80), [0xC3], [0xED, 0xA0, 0x80]] {
      let file = try folder.write(Array("<annotat".utf8) + bytes + Array(sound.utf8), to: "a.xml")
      let told = message { _ = try AnnotationSet(file) }
      #expect(told.contains("is not in UTF-8"), "\(bytes): \(told)")
    }
  }

  @Test func damagedYOLO() throws {
    try write("a\nb\n", "classes.txt")
    for (line, why) in [
      ("0 0.5 0.5 0.1", "line 1 is not YOLO's"), ("-1 0.5 0.5 0.1 0.1", "line 1 is not YOLO's"),
      ("0.5 0.5 0.5 0.1 0.1", "line 1 is not YOLO's"), ("0 0.5 0.5 0.1 nan", "'nan', which is no fraction"),
      ("0 64 64 20 20", "'64', which is no fraction"), ("2 0.5 0.5 0.1 0.1", "has class 2, which the list"),
      ("0 0.5 0.5 0 0.1", "a box without area"), ("0 0.1 0.1 0.2 0.2 0.3 0.3 0.4", "neither a box nor a polygon"),
      ("0 0.5 0.5 0.1 inf", "no fraction"),
    ] {
      try write("\(line)\n", "labels/a.txt")
      let told = message { _ = try AnnotationSet(folder.path("labels")) }
      #expect(told.contains(why) && told.contains("a.txt"), "\(why): \(told)")
    }
  }

  @Test func damagedCSV() throws {
    let header = "filename,class,xmin,ymin,xmax,ymax\n"
    for (text, why) in [
      ("a,b,c\n1,2,3\n", "names no columns that we know"), (header + "a.jpg,r,1,2,3\n", "line 2 has fewer cells"),
      (header + "a.jpg,\"r,1,2,3,4\n", "line 2 has fewer cells than the header, or a quote"),
      (header + ",r,1,2,3,4\n", "line 2 names no picture"), (header + "a.jpg,r,1,2,three,4\n", "'three' for a number"),
      (header + "a.jpg,r,1,2,1,4\n", "line 2 has a box without area"),
      (header + "a.jpg,,1,2,3,4\n", "without a category"),
      (header + "a.jpg,r,1,2,inf,4\n", "a coordinate that is no number"),
    ] {
      let file = try write(text, "boxes.csv")
      let told = message { _ = try AnnotationSet(file) }
      #expect(told.contains(why), "\(why): \(told)")
    }
  }

  @Test func filesThatAreNothing() throws {
    #expect(message { _ = try AnnotationSet(folder.path("none.json")) }.contains("none.json: "))
    let file = try write(" \n", "empty.json")
    #expect(message { _ = try AnnotationSet(file) }.contains("an empty file"))
    try folder.folder("nothing")
    #expect(message { _ = try AnnotationSet(folder.path("nothing")) }.contains("has neither YOLO's .txt files"))
    for bytes: [UInt8] in [[0xFF, 0xD8, 0xFF], Array(repeating: 0, count: 100), [0x80, 0x0A, 0x80]] {
      let file = try folder.write(bytes, to: "noise.csv")
      #expect(message { _ = try AnnotationSet(file) }.contains("names no columns"))
    }
  }

  // MARK: Classes

  @Test func categoriesJoinIntoClasses() throws {
    let classes = try CategoryClasses(["infected=ring,schizont", "red cell", "infected=trophozoite", "other=a=b"])
    #expect(classes.classes == ["infected", "red cell", "other"])
    #expect(classes.label("schizont") == 0 && classes.label("trophozoite") == 0 && classes.label("red cell") == 1)
    #expect(classes.label("a=b") == 2 && classes.label("platelet") == nil && classes.label("Ring") == nil)
    for (texts, why) in [
      (["=ring"], "needs a name"), (["a/b=ring"], "slashes"), ([".a=ring"], "begin with a dot"),
      (["a=ring,"], "an empty"),
      (["a\nb=ring"], "control"), (["a="], "an empty category"), (["a=ring", "b=ring"], "both a and b"),
    ] { #expect(message { _ = try CategoryClasses(texts) }.contains(why)) }
    let set = try AnnotationSet(try write(coco, "boxes.json"))
    let told = message { try CategoryClasses(["infected=red cel"]).check(set) }
    #expect(
      told.contains("has no category 'red cel' (did you mean 'red cell'?); it has red cell, ring, late"), "\(told)")
  }

  // MARK: Matching

  private func box(_ x: Double, _ y: Double, _ side: Double = 10) -> AnnotatedBox {
    AnnotatedBox("r", x: x, y: y, width: side, height: side)
  }

  @Test func eachBoxIsMatchedOnceAndTheBestPairsFirst() {
    // The second found box overlaps the first annotated one better than the first does.
    let matching = BoxMatching(
      found: [box(2, 0), box(1, 0), box(50, 50)], annotated: [box(0, 0), box(52, 50), box(80, 0)])
    #expect(matching.annotated == [nil, 0, 1] && matching.found == [1, 2, nil])
    // 10 × 10 moved by 10 / 3: an overlap of exactly one half.
    #expect(BoxMatching(found: [box(0, 0, 3)], annotated: [box(1, 0, 3)]).annotated == [0])
    #expect(BoxMatching(found: [box(0, 0, 30)], annotated: [box(10.1, 0, 30)]).annotated == [nil])
    #expect(BoxMatching(found: [], annotated: [box(0, 0)]).found == [nil])
  }

  @Test func matchingIsThatOfAllPairs() {
    var random = RandomSource(seed: 3)
    for _ in 0..<50 {
      let boxes = (0..<2).map { _ in
        (0..<40).map { _ in
          AnnotatedBox(
            "r", x: random.uniform(0...80), y: random.uniform(0...20), width: random.uniform(5...25),
            height: random.uniform(5...25))
        }
      }
      let matching = BoxMatching(found: boxes[0], annotated: boxes[1])
      var pairs: [(Double, Int, Int)] = []
      for (i, a) in boxes[0].enumerated() { for (j, b) in boxes[1].enumerated() { pairs.append((a.overlap(b), i, j)) } }
      var expected = [Int?](repeating: nil, count: 40)
      for (overlap, i, j) in pairs.sorted(by: { $0.0 > $1.0 }) where overlap >= 0.5 && expected[i] == nil {
        if !expected.contains(j) { expected[i] = j }
      }
      #expect(matching.annotated == expected)
    }
  }
}
