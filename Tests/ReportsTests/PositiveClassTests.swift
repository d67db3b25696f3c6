import Reports
import Testing

@Suite struct PositiveClassTests {
  /// The second name is the positive class; nil: the names do not say. In either order.
  private static let pairs: [(String, String?)] = [
    ("healthy", "infected"), ("Uninfected", "Parasitized"), ("uninfected", "infected"), ("non-infected", "infected"),
    ("not_infected", "infected"), ("NotInfected", "Infected"), ("noninfected", "infected"), ("No malaria", "Malaria"),
    ("no_malaria", "malaria"), ("malaria-free", "malaria"), ("malariaFree", "malaria"), ("parasitefree", "parasites"),
    ("free of parasites", "parasites"), ("normal", "abnormal"), ("Normal", "Abnormal"), ("unaffected", "affected"),
    ("negative", "positive"), ("neg", "pos"), ("0_neg", "1_pos"), ("Negative", "Positive"), ("control", "malaria"),
    ("negative control", "positive control"), ("malaria negative", "malaria positive"), ("benign", "malignant"),
    ("benign_tumor", "malignant_tumor"), ("non malignant tumour", "malignant tumour"), ("healthy", "sick"),
    ("healthy", "unhealthy"), ("well", "unwell"), ("well", "ill"), ("no disease", "disease"), ("healthy", "diseased"),
    ("undiseased", "diseased"), ("unparasitised", "parasitised"), ("unparasitized", "parasitized"),
    ("controls", "cases"), ("control", "cancer"), ("noncancerous", "cancerous"), ("not cancer", "cancer"),
    ("no", "yes"), ("without parasite", "with parasite"), ("no signs of malaria", "signs of malaria"),
    ("normal", "sickle"), ("normal", "leukaemia"), ("not positive", "not negative"), ("other", "parasitized"),
    ("RBC", "malaria"), ("normal", "tumor"), ("UNINFECTED", "INFECTED"),
    // Common words of other languages.
    ("gesund", "krank"), ("nicht infiziert", "infiziert"), ("uninfiziert", "infiziert"), ("sano", "enfermo"),
    ("sain", "malade"), ("négatif", "positif"), ("negativo", "positivo"), ("sem parasita", "parasita"),
    ("不感染の", nil), ("未感染", "感染"), ("阴性", "阳性"),
    // Names that do not say.
    ("round", nil), ("a", nil), ("00", nil), ("normalized", nil), ("ovale", nil), ("wells", nil), ("position", nil),
    ("illustration", nil), ("disinfected", nil),
  ]

  @Test(arguments: pairs) func names(_ other: String, _ positive: String?) {
    guard let positive else {
      #expect(PositiveClass.guess([other, "square"]) == nil)
      return
    }
    #expect(PositiveClass.guess([other, positive]) == 1)
    #expect(PositiveClass.guess([positive, other]) == 0)
  }

  @Test func bothSayItOrNeither() {
    #expect(PositiveClass.guess(["falciparum", "vivax"]) == nil)
    #expect(PositiveClass.guess(["healthy", "normal"]) == nil)
    #expect(PositiveClass.guess(["sick", "infected"]) == nil)
  }

  @Test func moreThanTwo() {
    #expect(PositiveClass.guess(["control", "infected", "uninfected"]) == 1)
    #expect(PositiveClass.guess(["falciparum", "vivax", "uninfected"]) == nil)
    #expect(PositiveClass.guess(["infected", "uninfected", "platelet"]) == nil)
    #expect(PositiveClass.guess((0..<100).map { "\($0)" }) == nil)
  }

  @Test func howItIsKnownIsTold() {
    let classes = ["a", "b"]
    #expect(
      PositiveClass.told(PositiveClass(index: 1, origin: .option), of: classes) == "positive class: b (--positive)")
    #expect(
      PositiveClass.told(PositiveClass(index: 0, origin: .recorded), of: classes).contains("a (recorded with the model")
    )
    #expect(PositiveClass.told(PositiveClass(index: 0, origin: .names), of: classes).contains("from the class names"))
    #expect(PositiveClass.told(nil, of: classes).contains("--positive NAME"))
  }
}
