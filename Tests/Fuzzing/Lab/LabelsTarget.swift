import Datasets

extension FuzzTarget {
  /// Boxes of cells in one file: COCO, CSV, Pascal VOC or YOLO, by its content. Asked for those of one picture.
  static let labels = FuzzTarget(
    name: "labels",
    seeds: {
      [
        "image,class,xmin,ymin,xmax,ymax\na.png,red,1,2,3,4\n\"b,c.png\",\"in\"\"fected\",0,0,9.5,8\n",
        "path;label;x;y;width;height;image_width;image_height\na.png;red;1;2;3;4;10;12\n",
        "filename\tname\tx1\ty1\tx2\ty2\na.png\tred\t1\t2\t3\t4\n",
        "0 0.5 0.5 0.25 0.125\n1 0.1 0.1 0.2 0.1 0.2 0.2\n",
        """
        {"images":[{"id":1,"file_name":"a.png","width":10,"height":12}],"categories":[{"id":3,"name":"red"}],\
        "annotations":[{"image_id":1,"category_id":3,"bbox":[1,2,3,4],"iscrowd":0}]}
        """,
        """
        <annotation><filename>a.png</filename><size><width>10</width><height>12</height></size><object><name>red</name>\
        <bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox></object></annotation>
        """,
      ].map { Array($0.utf8) }
    }
  ) { bytes in
    let set = try AnnotationSet(Scratch.write(bytes, to: "a.csv"))
    precondition(set.categories.reduce(0) { $0 + $1.count } == set.boxCount)
    if let field = try set.field(of: "a.png") { _ = try set.boxes(field, width: 10, height: 12) }
  }
}
