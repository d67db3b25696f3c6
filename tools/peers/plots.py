"""Bar and line plots as SVG with real text, readable on light and dark pages."""

from xml.sax.saxutils import escape

STYLE = """<style>
  text { font: 12px system-ui, sans-serif; fill: #57606a }
  .head { font-weight: 600 }
  .ours { fill: #1a7f64 } .peer { fill: #9aa4b2 }
  .line { fill: none; stroke: #1a7f64; stroke-width: 2 } .other { stroke: #b4690e }
  .dot { fill: #1a7f64 } .dot.other { fill: #b4690e; stroke: none }
  .axis { stroke: #9aa4b2; stroke-width: 1 }
  @media (prefers-color-scheme: dark) {
    text { fill: #c3cad4 } .ours, .dot { fill: #3fb68f } .line { stroke: #3fb68f }
    .other { stroke: #e3a04f } .dot.other { fill: #e3a04f } .peer { fill: #6b7685 } .axis { stroke: #6b7685 }
  }
</style>"""


def document(width, height, title, description, body):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img" aria-labelledby="title desc">\n<title id="title">{escape(title)}</title>\n'
            f'<desc id="desc">{escape(description)}</desc>\n{STYLE}\n' + "\n".join(body) + "\n</svg>\n")


def bars(title, unit, panels, columns=2):
    """panels: [(heading, [(label, value, is ours)])]; every panel has its own scale from zero."""
    wide, line, names = 440, 20, 150
    rows = [panels[i:i + columns] for i in range(0, len(panels), columns)]
    body, y = [], 8
    for row in rows:
        for column, (heading, entries) in enumerate(row):
            x = column * wide
            body.append(f'<text class="head" x="{x + names}" y="{y + 14}">{escape(heading)}</text>')
            most = max(value for _, value, _ in entries)
            for i, (label, value, ours) in enumerate(entries):
                top = y + 22 + i * line
                length = max(1, (wide - names - 70) * value / most)
                body.append(f'<text x="{x + names - 6}" y="{top + 13}" text-anchor="end">{escape(label)}</text>'
                            f'<rect class="{"ours" if ours else "peer"}" x="{x + names}" y="{top + 2}" '
                            f'width="{length:.1f}" height="{line - 5}"/>'
                            f'<text x="{x + names + length + 5:.1f}" y="{top + 13}">{value:.1f}</text>')
        y += 34 + line * max(len(entries) for _, entries in row)
    said = "; ".join(f"{heading}: " + ", ".join(f"{label} {value:.1f}" for label, value, _ in entries)
                     for heading, entries in panels)
    return document(wide * columns, y, f"{title} ({unit})", said, body)


def lines(title, panels):
    """panels: [(heading, x axis, y axis, [(label, [(x, y)])])]; all axes from zero, at most two lines per panel."""
    wide, high, left, bottom = 280, 220, 46, 40
    body = []
    for column, (heading, x_axis, y_axis, curves) in enumerate(panels):
        x0, y0 = column * wide + left, high - bottom
        most_x = max(x for _, points in curves for x, _ in points)
        most_y = max(y for _, points in curves for _, y in points) * 1.1

        def at(x, y):
            return x0 + (wide - left - 24) * x / most_x, y0 - (y0 - 40) * y / most_y

        body.append(f'<text class="head" x="{x0}" y="18">{escape(heading)}</text>'
                    f'<text x="{x0 - 4}" y="34">{escape(y_axis)}</text>'
                    f'<text x="{x0 + (wide - left - 24) / 2}" y="{high - 6}" text-anchor="middle">{escape(x_axis)}</text>'
                    f'<path class="axis" fill="none" d="M{x0} 40V{y0}H{x0 + wide - left - 24}"/>')
        for x in sorted({x for _, points in curves for x, _ in points}):
            body.append(f'<text x="{at(x, 0)[0]:.1f}" y="{y0 + 15}" text-anchor="middle">{x}</text>')
        body.append(f'<text x="{x0 - 6}" y="{at(0, most_y / 1.1)[1] + 4:.1f}" text-anchor="end">{most_y / 1.1:.0f}</text>')
        for i, (label, points) in enumerate(curves):
            other = " other" if i else ""
            path = " ".join(f"{a:.1f},{b:.1f}" for a, b in (at(*point) for point in points))
            body.append(f'<polyline class="line{other}" points="{path}"/>')
            body += [f'<circle class="dot{other}" cx="{a:.1f}" cy="{b:.1f}" r="3"/>' for a, b in (at(*p) for p in points)]
            a, b = at(*points[-1])
            body.append(f'<text x="{a - 6:.1f}" y="{b - 7 if i == 0 else b + 16:.1f}" text-anchor="end">{escape(label)}</text>')
    said = "; ".join(f"{heading}, {label}: " + ", ".join(f"{y:.1f} at {x}" for x, y in points)
                     for heading, _, _, curves in panels for label, points in curves)
    return document(wide * len(panels), high, title, said, body)
