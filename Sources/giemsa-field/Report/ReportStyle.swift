/// The style sheet of the page of `count --report`, behind ``HTMLFrame/style``.
///
/// Outlines differ by width and dashes, states of cells by words and signs; colours (of Okabe and Ito's set) come on top.
enum ReportStyle {
  static let text = """
    :root { --edge: #1c2226 }
    @media (prefers-color-scheme: dark) { :root { --edge: #f0e442 } }
    h2 { font-size: 1.3rem; margin: 0 } h3 { font-size: 1rem; margin: 1.8rem 0 .6rem }
    h1, h2, figcaption, li { overflow-wrap: anywhere }
    kbd { font: inherit; font-weight: 600 }
    main { display: flex; flex-direction: column }
    section.slide { order: -1; margin-top: 1.6rem; padding-top: 1.6rem; border-top: 1px solid var(--line) }
    label { display: block; margin: .3rem 0 } input { accent-color: var(--blue) }
    .tiles { grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)) }
    .meaning { font-weight: 600 } .meaning::first-letter { text-transform: uppercase }
    .bar { display: flex; gap: .6rem 1rem; align-items: center; justify-content: space-between; position: sticky; top: 0;
      z-index: 1; background: var(--paper); padding: .5rem 0; border-bottom: 1px solid var(--line);
      font-variant-numeric: tabular-nums }
    button { font: inherit; color: inherit; cursor: pointer }
    .save { padding: .35rem .9rem; border: 1px solid var(--blue); border-radius: .5rem; background: var(--paper);
      color: var(--blue); white-space: nowrap; min-height: 2.6rem }
    .sheet li { padding: 4px } .sheet { list-style: none; padding: 0; margin: 0; display: grid; gap: .5rem .2rem;
      grid-template-columns: repeat(auto-fill, minmax(min(9.6rem, 30%), 1fr)) }
    .sheet button { display: block; position: relative; width: 100%; padding: 0; border: 3px solid transparent; border-radius: .6rem;
      background: var(--wash); text-align: left; overflow: hidden; font-variant-numeric: tabular-nums }
    .sheet svg { display: block; width: 100%; aspect-ratio: 1; background: #999 }
    .sheet span { display: block; padding: .2rem .5rem .3rem; font-size: .86rem; line-height: 1.35; min-height: 3.1rem }
    .sheet b { font-size: 1rem } .sheet i { display: block; font-style: normal; color: var(--soft) }
    .sheet a { font-size: .8rem; padding: .2rem .5rem; display: inline-block }
    [data-state=in] button, [data-state=new] button { border-color: var(--edge) }
    [data-state=new] button { border-style: double; border-width: 6px }
    [data-state=out] button, [data-state=no] button { border: 3px dashed var(--soft) }
    [data-state=out] button::after { content: ""; position: absolute; inset: 0; pointer-events: none;
      background: linear-gradient(45deg, #0000 49%, #fff 49.2% 49.5%, #000 49.6% 50.4%, #fff 50.5% 50.8%, #0000 51%) }
    .many figure, .many .sheet li { content-visibility: auto; contain-intrinsic-size: auto 13rem }
    figure { margin: 0 0 1.4rem; padding: 3px; scroll-margin-top: 5rem }
    .many figure { contain-intrinsic-size: auto 30rem } figcaption { font-size: .88rem; margin-bottom: .3rem }
    figure svg { display: block; width: 100%; height: auto; border-radius: .5rem; background: var(--wash) }
    path { fill: transparent; vector-effect: non-scaling-stroke; stroke-linejoin: round; stroke-width: 1.4px;
      stroke: #0072b2 }
    .live .i, .live .r { cursor: pointer } body:not(.live) :is(label, .how) { display: none }
    .i, .j, path[data-state=in], path[data-state=new] { stroke: #f0e442; stroke-width: 2.6px }
    .o, .j { stroke-dasharray: 5 4 } .o { stroke: #777 } .w { stroke: #000; stroke-width: 3px }
    .p { stroke: #009e73; stroke-dasharray: 2 2; stroke-width: 2px } .x { stroke: #d55e00; stroke-dasharray: 2 5; stroke-width: 2px }
    path[data-state=out] { stroke: #fff; stroke-dasharray: 3 3; stroke-width: 2px } .k { pointer-events: none; stroke: none }
    .k[data-state=in], .k[data-state=new] { stroke: #000; stroke-width: 5px } .k[data-state=out] { stroke: #000; stroke-dasharray: none; stroke-width: 4px }
    .at, .r:hover, .i:hover { fill: #fff5 } .at { stroke-width: 4px }
    .sheet path { stroke-width: 1.6px; pointer-events: none } .sheet [data-state=no] path { stroke-dasharray: 4 3 }
    text { font: 700 26px system-ui, sans-serif; fill: #f0e442; stroke: #000; stroke-width: 6px; paint-order: stroke;
      stroke-linejoin: round; pointer-events: none }
    text[data-state=out] { fill: #fff }
    .plain figure path:not(.at), .plain text, .plain .sheet path { visibility: hidden }
    .key { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; margin: .6rem 0; list-style: none; font-size: .88rem }
    .key svg { width: 2rem; height: .9rem; vertical-align: middle; margin-right: .4rem; background: #d9a9b5; border-radius: .2rem }
    .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
    @media (max-width: 40rem) {
      text { font-size: 44px; stroke-width: 9px }
      .tiles { grid-template-columns: 1fr 1fr; gap: .5rem } .tiles dd { font-size: 1.2rem } .bar { font-size: .9rem }
      .sheet { gap: .3rem 0 } .sheet span { padding: .2rem .35rem }
    }
    @media print {
      .save, label, .sheet a { display: none } .bar { position: static } li, figure { break-inside: avoid }
      .sheet { grid-template-columns: repeat(6, 1fr) }
    }

    """
}
