/// The style sheet of the lab's pages, behind ``HTMLFrame/style``: light, dark and print.
enum PageStyle {
  static let text = """
    :root { --red: #b3431c; --green: #2b7a4b; --good: #e2f1e7; --bad: #fae6df; --pale: #a9c4e4 }
    @media (prefers-color-scheme: dark) {
      :root { --red: #f3a184; --green: #7fca9d; --good: #1c3a28; --bad: #46261b; --pale: #3a5878 }
    }
    html { scroll-behavior: smooth }
    h2 { font-size: 1.25rem; margin: 0 0 .6rem }
    h3 { font-size: 1rem; margin: 1.4rem 0 .4rem }
    section { margin-top: 2.6rem; padding-top: 1rem; border-top: 1px solid var(--line) }
    .small { font-size: .88rem }
    .note { background: var(--bad); padding: .6rem .9rem; border-radius: .4rem; max-width: 46rem }
    .facts { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: .6rem 0; font-size: .94rem }
    .facts dt { color: var(--soft) } .facts dd { margin: 0; overflow-wrap: anywhere }
    .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(23rem, 100%), 1fr)); gap: 1.2rem 2rem;
      align-items: start }
    .scroll { overflow-x: auto; margin: .5rem 0 1rem }
    table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem }
    .pair table { font-size: .86rem }
    caption { text-align: left; font-size: .88rem; padding-bottom: .3rem }
    th, td { padding: .28rem .55rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap }
    thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; white-space: normal }
    tbody th { font-weight: 500 }
    th:first-child { padding-left: 0 } tr > :last-child { padding-right: 0 }
    .l { text-align: left } tr.chosen { background: var(--good); font-weight: 600 }
    th button { all: unset; cursor: pointer } th button:hover { text-decoration: underline }
    th[aria-sort=ascending] button::after { content: " \\25B2"; font-size: .7em }
    th[aria-sort=descending] button::after { content: " \\25BC"; font-size: .7em }
    table.matrix tbody td { text-align: center; padding: .5rem 1rem; min-width: 7rem; border: 1px solid var(--line) }
    table.matrix td b { display: block; font-size: 1.25rem; font-weight: 600 }
    table.matrix td span { color: var(--soft); font-size: .84rem }
    table.matrix th, table.matrix thead td { border: 0 } table.matrix thead th { text-align: center }
    table.matrix tbody th { white-space: normal; max-width: 11rem; padding-left: 0 }
    td.right { background: var(--good) } td.wrong { background: var(--bad) }
    figure { margin: 0 } figcaption { font-size: .88rem; margin-top: .3rem }
    svg { display: block; width: 100%; height: auto; max-width: 32rem }
    svg.wide { max-width: 46rem }
    svg text { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: var(--soft) }
    svg .label { fill: var(--ink) }
    svg .grid { stroke: var(--line); stroke-width: 1 } svg .axis { stroke: var(--soft); stroke-width: 1 }
    svg .chance { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 4 4; fill: none }
    svg polyline { fill: none; stroke-width: 2; stroke-linejoin: round }
    svg .blue { stroke: var(--blue) } svg .red { stroke: var(--red) } svg .green { stroke: var(--green) }
    svg .thin { stroke-width: 1.2; opacity: .75 }
    svg .dash { stroke-dasharray: 5 3 }
    svg .bar { fill: var(--pale) } svg .dot { fill: var(--blue) } svg .strong { fill: var(--blue) }
    svg .mark { fill: var(--red); stroke: var(--paper); stroke-width: 2 }
    .key { display: inline-block; width: 1.4em; border-top: 3px solid; vertical-align: .25em; margin-right: .35em }
    .key.blue { color: var(--blue) } .key.red { color: var(--red) } .key.green { color: var(--green) }
    .key.dash { border-top-style: dashed }
    .chooser { background: var(--wash); border-radius: .5rem; padding: .9rem 1.1rem; margin: .8rem 0 1.2rem }
    .chooser label { font-weight: 600 }
    .chooser .line { display: flex; gap: .8rem; align-items: center; margin: .4rem 0 }
    .chooser .line.choices { flex-wrap: wrap; gap: 0 }
    .chooser input[type=range] { flex: 1; accent-color: var(--red); min-width: 6rem; height: 1.6rem; margin: 0 }
    .chooser input[type=number] { width: 6rem; font: inherit; padding: .15rem .4rem }
    .chooser button, .toggle { font: inherit; font-size: .9rem }
    .chooser button { padding: .25rem .7rem; border: 1px solid var(--line); border-radius: .4rem; cursor: pointer;
      background: var(--paper); color: var(--ink); margin: .2rem .3rem .2rem 0 }
    .chooser output { display: block; margin-top: .5rem }
    .cells { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(11.5rem, 45%), 1fr)); gap: 1.2rem; margin-top: 1rem;
      padding: 0; list-style: none }
    .cell { break-inside: avoid; font-size: .86rem; line-height: 1.4 }
    .cell .frame { position: relative; width: 100%; aspect-ratio: 1; background: #000; border-radius: .35rem;
      overflow: hidden }
    .cell img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain }
    .cell .heat { visibility: hidden }
    .cell:has(input:checked) .heat, section:has(#all-heat:checked) .heat { visibility: visible }
    .cell .name { color: var(--soft); overflow-wrap: anywhere; font-size: .8rem }
    .cell p { margin: .3rem 0 }
    details { margin: .6rem 0 } summary { cursor: pointer; color: var(--blue) }
    @media (max-width: 40rem) {
      th, td { padding: .25rem .35rem } tbody th { white-space: normal }
      table.matrix tbody td { min-width: 0; padding: .4rem .35rem; white-space: normal }
    }
    @media print {
      :root { --red: #b3431c; --green: #2b7a4b; --good: #e2f1e7; --bad: #fae6df; --pale: #a9c4e4 }
      .chooser .line, .chooser p, .toggle { display: none }
      section { break-inside: auto; margin-top: 1.2rem } h2, h3 { break-after: avoid }
      figure, tr, .tiles, .matrix { break-inside: avoid } thead { display: table-header-group }
      .scroll { overflow: visible } .cells { grid-template-columns: repeat(5, 1fr); gap: .6rem }
      .pair { grid-template-columns: 1fr 1fr } th, td { padding: .1rem .4rem } table { font-size: 8.5pt }
      table.matrix td { min-width: 4.5rem; padding: .3rem .5rem }
    }

    """
}
