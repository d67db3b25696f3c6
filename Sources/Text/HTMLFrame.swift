/// What all our HTML pages have in common: the head, the basic style and the closing words. They load nothing from
/// elsewhere.
public enum HTMLFrame {
  /// What a page may use, as its content security policy names it. https://www.w3.org/TR/CSP3/#grammardef-source-list
  public struct Sources {
    public var images: String
    public var style: String
    public var script: String

    public init(images: String, style: String, script: String) {
      (self.images, self.style, self.script) = (images, style, script)
    }
  }

  /// Everything up to the content of the body. Only the named style and script act on the page, so nothing smuggled in
  /// through a name can run.
  ///
  /// - Parameters:
  ///   - title: plain text.
  ///   - style: the style sheet, whose hash `sources` names.
  public static func head(title: String, style: String, _ sources: Sources) -> String {
    let policy =
      "default-src 'none'; img-src \(sources.images); style-src \(sources.style); script-src \(sources.script); "
      + "base-uri 'none'; form-action 'none'"
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy" content="\(policy)">
      <link rel="icon" href="data:,">
      <title>\(HTMLText.escaped(title))</title>
      <style>\(style)</style>
      </head>
      <body>

      """
  }

  /// The end of the visible page.
  public static let footer = """
    <footer><p>Giemsa is a research tool for classifying pictures of cells, not a medical device: no diagnosis should \
    rest on it alone.</p></footer>

    """

  /// Colours, text, tiles with numbers: light, dark, narrow and printed. A page's own style follows.
  public static let style = """
    :root {
      color-scheme: light dark;
      --paper: #fff; --ink: #1c2226; --soft: #5a646c; --line: #d9dfe3; --wash: #f3f5f7; --blue: #1f5fa8;
    }
    @media (prefers-color-scheme: dark) {
      :root { --paper: #14181b; --ink: #e4e8ea; --soft: #9ba6ae; --line: #343d44; --wash: #1c2226; --blue: #7fb5f2 }
    }
    @media print {
      :root { --paper: #fff; --ink: #000; --soft: #444; --line: #bbb; --wash: #f3f3f3; --blue: #1f5fa8 }
    }
    * { box-sizing: border-box }
    body { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; margin: 0 auto;
      max-width: 66rem; padding: 1.5rem 1.25rem 4rem; background: var(--paper); color: var(--ink) }
    h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .5rem }
    p { margin: .4rem 0 .8rem; max-width: 46rem }
    a { color: var(--blue) }
    nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; margin: 1rem 0 0;
      font-size: .92rem }
    footer { margin-top: 3rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .9rem }
    .soft, figcaption, caption { color: var(--soft) }
    .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .8rem; margin: 1.2rem 0 0;
      padding: 0 }
    .tiles div { background: var(--wash); border-radius: .5rem; padding: .7rem .9rem; break-inside: avoid }
    .tiles dt { color: var(--soft); font-size: .88rem }
    .tiles dd { margin: 0; font-size: 1.45rem; font-weight: 600; line-height: 1.25; font-variant-numeric: tabular-nums }
    .tiles dd + dd { font-size: .84rem; font-weight: 400; color: var(--soft) }
    :focus-visible { outline: 2px solid var(--blue); outline-offset: 2px }
    @media (max-width: 40rem) { body { padding: 1rem .9rem 3rem } }
    @media print {
      body { font-size: 10pt; max-width: none; padding: 0; print-color-adjust: exact; -webkit-print-color-adjust: exact }
      nav { display: none }
    }

    """
}
