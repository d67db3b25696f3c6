/// Guesses from the words of a class's name whether it is a positive (what a test looks for) or a negative class.
///
/// Names are split into words at blanks, punctuation, digits and case changes. A word is matched as a whole or by its
/// prefix, never in the middle: "Uninfected" is not infected, "abnormal" is not normal.
enum ClassWords {
  /// true: positive; false: negative; nil: the name does not say, or says both.
  static func verdict(_ name: String) -> Bool? {
    let words = words(of: name)
    if words == ["yes"] { return true }
    if words == ["no"] || words == ["none"] { return false }
    var (verdicts, subjects): (Set<Bool>, Set<Bool>) = ([], [])
    var isNegated = false
    let isFree = words.contains("free")
    for word in words {
      if negations.contains(word) {
        isNegated.toggle()
        continue
      }
      guard var known = meaning(word) else { continue }
      if known.isVerdict {
        if isNegated { known.isCase.toggle() }
        verdicts.insert(known.isCase)
      } else if known.isCase {
        subjects.insert(!isNegated && !isFree)
      } else if !isNegated {
        subjects.insert(false)
      }
    }
    // "malaria, negative": the verdict counts, not the thing it is about.
    let said = verdicts.isEmpty ? subjects : verdicts
    return said.count == 1 ? said.first : nil
  }

  private static func words(of name: String) -> [String] {
    var words: [String] = []
    var word = ""
    var wasSmall = false
    for character in name {
      let startsWord = character.isUppercase && wasSmall
      if !character.isLetter || startsWord, !word.isEmpty {
        words.append(word)
        word = ""
      }
      if character.isLetter { word += character.lowercased() }
      wasSmall = character.isLowercase
    }
    return word.isEmpty ? words : words + [word]
  }

  /// A known word: whether it means a positive, and whether it is a verdict (`infected`) or names the thing looked for
  /// (`malaria`).
  private static func meaning(_ word: String) -> (isCase: Bool, isVerdict: Bool)? {
    if word.hasSuffix("free"), let known = plain(String(word.dropLast(4))), known.isCase { return (false, true) }
    if let known = plain(word) { return known }
    for prefix in joined where word.hasPrefix(prefix) {
      if let known = plain(String(word.dropFirst(prefix.count))), known.isCase || known.isVerdict {
        return (!known.isCase, true)
      }
    }
    return nil
  }

  private static func plain(_ word: String) -> (isCase: Bool, isVerdict: Bool)? {
    if sick.isIn(word) { return (true, true) }
    if well.isIn(word) { return (false, true) }
    if diseases.isIn(word) { return (true, false) }
    if controls.isIn(word) { return (false, false) }
    return nil
  }

  private struct Stems {
    var whole: Set<String>
    var begun: [String]

    func isIn(_ word: String) -> Bool { whole.contains(word) || begun.contains { word.hasPrefix($0) } }
  }

  private static let negations: Set<String> = [
    "non", "not", "no", "un", "without", "nicht", "kein", "keine", "ohne", "pas", "sans", "sin", "sem", "senza", "nao",
    "não",
  ]
  /// Prefixes that negate a word.
  private static let joined = ["non", "not", "nicht", "un", "no", "未", "非", "无", "無"]

  /// English, and the most common words of French, Spanish, Portuguese, Italian, German and Chinese.
  private static let sick = Stems(
    whole: [
      "sick", "ill", "unwell", "pos", "malin", "maligne", "malade", "malades", "doente", "doentes", "krank", "kranke",
      "befallen", "affected",
    ],
    begun: [
      "positiv", "positif", "infected", "infecté", "infecte", "infectad", "infizier", "infett", "infetad", "parasitiz",
      "parasitis", "parasited", "parasité", "parasitad", "parasitier", "parassit", "diseased", "abnorm", "anormal",
      "anomal", "patholog", "patológ", "cancerous", "malignan", "malignos", "maligno", "maligna", "enferm", "malat",
      "erkrankt", "bösartig", "阳性", "陽性", "感染", "异常", "異常", "恶性", "悪性",
    ])
  private static let well = Stems(
    whole: [
      "well", "neg", "normal", "normals", "normale", "normales", "normali", "normaux", "normais", "healthy", "sain",
      "saine", "sains", "saines", "sano", "sana", "sanos", "sanas", "sani", "gesund", "gesunde", "bénin", "bénigne",
      "benin",
    ],
    begun: ["negativ", "négati", "negatif", "benign", "saudáve", "saudave", "阴性", "陰性", "正常", "健康", "良性"])
  private static let diseases = Stems(
    whole: ["case", "cases", "falciparum", "vivax", "knowlesi", "illness", "sickness"],
    begun: [
      "malaria", "paludism", "parasit", "plasmodi", "infecti", "infezion", "infekt", "disease", "maladie", "cancer",
      "carcinom", "sarcom", "melanom", "lymphom", "tumor", "tumour", "tumeur", "malignit", "malignid", "leukem",
      "leukaem", "leukäm", "lesion", "疟", "癌", "肿瘤",
    ])
  private static let controls = Stems(
    whole: ["control", "controls", "ctrl", "kontrolle", "kontrollen", "contrôle", "controle", "controllo"], begun: [])
}
