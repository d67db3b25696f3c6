"""Uses an evaluation report as a reader would: moves the threshold, switches heat maps on, sorts, prints.

    check_report.py REPORT.html OUT_FOLDER [ANSWERS.csv]

Matrix and rates must equal those computed here independently, from the page's data and, if giemsa-field wrote
ANSWERS.csv for the same pictures, from the field program's answers. Screenshots (light, dark, narrow, without scripts)
and a PDF go to OUT_FOLDER for visual inspection.
"""

import csv
import json
import os
import re
import sys
import time

import browser as browsers
from page_checks import check, check_page, check_requests, check_width, failures, wilson

def clustered(pairs):
    """pairs: (is a hit, slide) of every cell that counts."""
    n, hits = len(pairs), sum(hit for hit, _ in pairs)
    if n == 0:
        return None, (0.0, 1.0), (0.0, 1.0)
    share = hits / n
    slides = {}
    for hit, slide in pairs:
        x, m = slides.get(slide, (0, 0))
        slides[slide] = (x + hit, m + 1)
    worth = len(slides)
    if 0 < hits < n and len(slides) > 1:
        k = len(slides)
        variance = k / (k - 1) * sum((x - m * share) ** 2 for x, m in slides.values()) / n**2
        worth = max(n / max(1, variance * n / (share * (1 - share))), 1)
    return share, wilson(share, n), wilson(share, worth)


def expected(cells, threshold):
    """What the page should show: the matrix and five rates with their intervals."""
    calls = [(s >= threshold, p, g) for s, p, g in cells]
    matrix = {
        "tp": sum(c and p for c, p, _ in calls), "fn": sum(not c and p for c, p, _ in calls),
        "fp": sum(c and not p for c, p, _ in calls), "tn": sum(not c and not p for c, p, _ in calls)}
    rates = [
        clustered([(c, g) for c, p, g in calls if p]), clustered([(not c, g) for c, p, g in calls if not p]),
        clustered([(p, g) for c, p, g in calls if c]), clustered([(not p, g) for c, p, g in calls if not c]),
        clustered([(c == p, g) for c, p, g in calls])]
    return matrix, rates


def numbers(text):
    return [float(x) for x in re.findall(r"\d+(?:\.\d+)?", text)]


def agrees(page, cells, threshold):
    matrix, rates = expected(cells, threshold)
    text = lambda name: page.run(f"document.getElementById('{name}').textContent")
    good = all(int(text(name)) == count for name, count in matrix.items())
    for index, (share, by_cell, by_slide) in enumerate(rates):
        shown = numbers(text(f"rate-{index}"))
        good = good and (shown == [] if share is None else abs(shown[0] - share * 100) < 0.0051)
        for name, interval in (("cell", by_cell), ("slide", by_slide)):
            shown = numbers(text(f"rate-{index}-{name}"))
            wanted = [] if share is None else interval
            good = good and all(abs(a - b * 100) < 0.0051 for a, b in zip(shown, wanted)) and len(shown) == len(wanted)
    # The mark on the ROC curve must agree with the matrix.
    mark = page.run("(() => { const m = document.getElementById('roc-mark'), d = m.ownerSVGElement.dataset;"
                    "return [(m.getAttribute('cx') - d.left) / d.width, 1 - (m.getAttribute('cy') - d.top) / d.height] })()")
    ill, well = matrix["tp"] + matrix["fn"], matrix["fp"] + matrix["tn"]
    return good and abs(mark[0] - matrix["fp"] / max(well, 1)) < 1e-4 and abs(mark[1] - matrix["tp"] / max(ill, 1)) < 1e-4


def main():
    report, out = sys.argv[1:3]
    os.makedirs(out, exist_ok=True)
    program = browsers.find()
    if not program:
        print("skipped: no Chromium here")
        return 0
    page = browsers.Browser(program)
    try:
        page.size(1100, 900)
        page.open(report)
        data = json.loads(page.run("document.getElementById('cells').textContent"))
        cells = [(s, p == "1", g) for s, p, g in zip(data["scores"], data["positive"], data["slides"])]
        check(f"{len(cells)} cells on the page", len(cells) > 0)
        check("at 0.5 as written", agrees(page, cells, 0.5))
        if len(sys.argv) > 3:
            with open(sys.argv[3]) as file:
                rows = list(csv.DictReader(file))
            positive = rows[0].keys() - {"path", "class", "probability"}
            name = page.run("document.querySelector('table.matrix thead th').textContent")
            check("the field program's probabilities", name in positive and all(
                abs(a - b) < 1e-4 for a, b in zip(
                    sorted(s for s, _, _ in cells), sorted(float(row[name]) for row in rows))) and len(rows) == len(cells))
            field = [(float(row[name]), os.path.basename(os.path.dirname(row["path"])) == name, 0) for row in rows]
            check("the field program's matrix", expected(field, 0.5)[0] == expected(cells, 0.5)[0])

        page.run("document.getElementById('threshold').focus()")
        page.press("ArrowRight", 39, 7)
        check("the right arrow raises it", page.run("document.getElementById('threshold').value") == "0.507")
        check("matrix, rates and mark follow the keys", agrees(page, cells, 0.507))
        page.press("Home", 36)
        check("Home: everything is called positive", agrees(page, cells, 0.0))
        page.press("End", 35)
        check("End", agrees(page, cells, 1.0))
        for threshold in (0.05, 0.31, 0.9, 0.999):
            page.run(f"(() => {{ const s = document.getElementById('threshold'); s.value = {threshold};"
                     "s.dispatchEvent(new Event('input')) })()")
            check(f"matrix, rates and mark follow to {threshold}", agrees(page, cells, threshold))
        time.sleep(0.3)
        check("the result is announced", "At 0.999:" in page.run("document.getElementById('threshold-says').textContent"))
        page.run("document.querySelector('[data-choose=found]').click()")
        chosen = float(page.run("document.getElementById('threshold').value"))
        matrix = expected(cells, chosen)[0]
        check("99 % sensitivity", agrees(page, cells, chosen)
              and matrix["tp"] >= 0.99 * (matrix["tp"] + matrix["fn"]))
        page.run("(() => { const n = document.getElementById('threshold-number'); n.value = '0.25';"
                 "n.dispatchEvent(new Event('input')) })()")
        check("a number typed", agrees(page, cells, 0.25))
        page.run("document.querySelector('[data-choose=half]').click()")

        shown = "getComputedStyle(document.querySelectorAll('.heat')[%d]).visibility"
        check("heat maps are off", page.run("document.querySelectorAll('.heat').length") > 1
              and page.run(shown % 0) == "hidden")
        page.run("document.querySelector('.cell input').click()")
        check("one is switched on", page.run(shown % 0) == "visible" and page.run(shown % 1) == "hidden")
        page.run("document.querySelector('.cell input').click(); document.getElementById('all-heat').click()")
        check("all are switched on", page.run(shown % 1) == "visible")
        check("pictures are whole", page.run("[...document.images].every(i => i.complete && i.naturalWidth > 1)"))
        sort = page.run("""(() => {
          const table = document.querySelector('table[data-sortable]');
          if (!table) return null;
          const button = table.tHead.rows[0].cells[1].querySelector('button');
          button.click();
          const column = [...table.tBodies[0].rows].map(r => +r.cells[1].textContent);
          return [column, table.tHead.rows[0].cells[1].getAttribute('aria-sort')];
        })()""")
        check("slides sort", sort and sort[0] == sorted(sort[0], reverse=True) and sort[1] == "descending")
        check("every header of a table says what it heads", page.run(
            "[...document.querySelectorAll('th')].every(h => h.scope)"))
        check("every drawing has a title and a description", page.run(
            "[...document.querySelectorAll('svg')].every(s => s.querySelector('title') && s.querySelector('desc'))"))
        policy = page.run("document.querySelector('meta[http-equiv=Content-Security-Policy]')?.content ?? ''")
        check("a policy lets in this page's own script and style alone: " + policy,
              "default-src 'none'" in policy and "script-src 'sha256-" in policy and "style-src 'sha256-" in policy
              and "unsafe" not in policy)
        check_page(page)

        page.screenshot(f"{out}/light.png")
        page.scheme("dark")
        page.screenshot(f"{out}/dark.png")
        page.scheme("light")
        page.size(390, 844)
        check_width(page)
        page.screenshot(f"{out}/narrow.png")
        page.size(1100, 900)
        page.pdf(f"{out}/print.pdf")
        page.scripts(False)
        page.open(report)
        page.screenshot(f"{out}/without-scripts.png")
        page.scripts(True)
        check("no errors: " + "; ".join(page.errors), not page.errors)
        check_requests(page)
    finally:
        page.close()
    return 1 if failures else 0


sys.exit(main())
