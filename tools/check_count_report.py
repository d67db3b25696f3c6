"""Uses the page of `count --report` as a reader would: strikes cells out, adds some, saves the result.

    check_count_report.py REPORT.html COUNT.csv COUNT.jsonl OUT_FOLDER

Untouched, the page must say what the program wrote to COUNT.csv; corrected, what follows from the formulas computed here
independently. Screenshots go to OUT_FOLDER for visual inspection.
"""

import base64
import csv
import hashlib
import io
import json
import os
import re
import sys
import time

import browser as browsers
from page_checks import Z, check, check_page, check_requests, check_width, failures, wilson


def rate(hits, count):
    q = (hits + 0.5) / (count + 1)
    return hits / count, q * (1 - q) / (count + 1)


def prevalence(fields, rates):
    """fields: (infected, red) of each; returns share, low, high in percent."""
    fields = [f for f in fields if f[1] > 0]
    n, x, m = sum(f[1] for f in fields), sum(f[0] for f in fields), len(fields)
    p = x / n
    effect = 1
    if 0 < x < n and m > 1:
        effect = max(1, m / (m - 1) * sum((a - b * p) ** 2 for a, b in fields) / n / (p * (1 - p)))
    low, high = wilson(p, n / effect)
    if not rates:
        return [100 * v for v in (p, low, high)]
    (se, se_variance), (sp, sp_variance) = (rate(*r) for r in rates)
    power = se + sp - 1
    clip = lambda v: min(max(v, 0), 1)
    share = clip((p + sp - 1) / power)
    variance = ((1 - share) ** 2 * sp_variance + share**2 * se_variance) / power**2
    reach = lambda end: (((end - p) / power) ** 2 + Z * Z * variance) ** 0.5
    return [100 * v for v in (share, clip(share - reach(low)), clip(share + reach(high)))]


# Keeps what a click on a link with a file's name would save.
KEEP = """(() => {
  HTMLAnchorElement.prototype.click = function () { window.name = this.download };
  const make = URL.createObjectURL;
  URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text }); return make.call(URL, blob) };
})()"""


def main():
    report, table, lines, out = sys.argv[1:5]
    os.makedirs(out, exist_ok=True)
    with open(report, encoding="utf-8") as file:
        text = file.read()
    # Where these differ, nothing on the page works: Sources/giemsa-field/Report/ReportPage.swift names the hashes.
    for tag in ["style", "script"]:
        piece = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.S).group(1)
        digest = base64.b64encode(hashlib.sha256(piece.encode()).digest()).decode()
        check(f"the policy names the {tag}'s hash {digest}", f"{tag}-src 'sha256-{digest}'" in text)
    with open(table, encoding="utf-8") as file:
        program = list(csv.reader(file))
    with open(lines, encoding="utf-8") as file:
        counted = [json.loads(line) for line in file]
    fields = [line for line in counted if "cells" in line]
    browser = browsers.find()
    if not browser:
        print("skipped: no Chromium here")
        return 1 if failures else 0
    page = browsers.Browser(browser)
    try:
        page.size(1100, 900)
        page.open(report)
        run = page.run
        run(KEEP)

        def saved():
            run("document.querySelector('.save').click()")
            time.sleep(0.2)
            return list(csv.reader(io.StringIO(run("window.saved"))))

        def slide_numbers(index):
            section = f"document.querySelectorAll('section.slide')[{index}]"
            words = run(f"{section}.querySelector('.bar').textContent")
            return [float(x.replace(",", "")) for x in re.findall(r"\d[\d,]*(?:\.\d+)?", words)]

        rates = json.loads(run("document.getElementById('data').textContent"))["rates"]
        check("untouched, the page's table is the program's", [row[:16] for row in saved()] == program)
        slides = [row for row in program if row[0] == "slide"]
        check(f"{len(slides)} slides with all fields", run("document.querySelectorAll('section.slide').length")
              == len(slides) and run("document.querySelectorAll('section.slide figure').length") == len(fields))
        for index, row in enumerate(slides):
            shown = slide_numbers(index)
            near = all(abs(a - float(b)) < 0.06 for a, b in zip(shown[:3], row[8:11]))
            check(f"the numbers of slide {row[1]}", near and shown[3:5] == [int(row[5]), int(row[4])])
        judged = [len([c for c in f["cells"] if c["counted"] and c.get("class") == f["positive"]]) for f in fields]
        cards = run("[...document.querySelectorAll('section.slide')].map("
                    "s => s.querySelectorAll('.sheet li[data-state=in]').length)")
        check("a card for each infected cell", cards == [int(row[5]) for row in slides] and sum(cards) == sum(judged))
        check("the most probable ones first", run("""(() => {
          const list = [...document.querySelector('.sheet').children].filter(e => e.dataset.state === 'in');
          const p = list.map(e => parseFloat(e.querySelector('b').nextSibling.textContent));
          return p.length > 1 && p.every((x, i) => i === 0 || x <= p[i - 1]) })()"""))
        page.screenshot(f"{out}/count-untouched.png")

        # By keyboard: the first cell struck out, the third too, the third taken back, one under the threshold counted.
        first = "document.querySelector('.sheet')"
        state = lambda i: run(f"{first}.children[{i}].dataset.state")
        run(f"{first}.querySelector('button').focus()")
        page.press("x", 88)
        check("x strikes out", state(0) == "out")
        page.press("ArrowRight", 39, 2)
        page.press(" ", 32)
        check("space strikes out", state(2) == "out")
        page.press("+", 107)
        check("+ counts", state(2) == "in")
        page.press("ArrowDown", 40)
        page.press("ArrowUp", 38)
        check("arrows go down and up", run(f"[...{first}.children].findIndex(e => e.contains(document.activeElement))") == 2)
        page.press("End", 35)
        last = run(f"{first}.children.length") - 1
        check("the last one is below the threshold", state(last) == "no")
        page.press("+", 107)
        check("+ adds it", state(last) == "new")
        check("what happened is announced", "counts as infected" in run("document.querySelector('[aria-live]').textContent"))
        # In a field, by mouse and by keyboard.
        healthy = "section.slide figure .r:not([data-state])"
        run(f"window.strange = document.querySelector('{healthy}')")
        before = run(f"{first}.children.length")
        run("strange.dispatchEvent(new MouseEvent('click', {bubbles: true}))")
        check("a click in a field counts a cell", run("strange.dataset.state") == "new"
              and run(f"{first}.children.length") == before + 1)
        page.press("f", 70)
        run("document.querySelector('section.slide figure svg').focus()")
        page.press("ArrowRight", 39, 2)
        page.press("ArrowDown", 40)
        at = "document.querySelector('section.slide figure .at')"
        was = run(f"{at}.dataset.state") in ("in", "new")
        page.press(" ", 32)
        check("keys change a cell of a field", (run(f"{at}.dataset.state") in ("in", "new")) != was)
        page.press("x" if was is False else "+", 88 if was is False else 107)
        check("and back", (run(f"{at}.dataset.state") in ("in", "new")) == was)

        def compare(what, rates):
            rows = saved()
            infected = run("""[...document.querySelectorAll('section.slide')].map(s => [...s.querySelectorAll('figure')].map(f =>
              [...f.querySelectorAll('.i, .r')].filter(e => e.dataset.state ? e.dataset.state === 'in' || e.dataset.state === 'new'
                : e.classList.contains('i')).length))""")
            by_slide = [[row for row in program if row[0] == "field" and row[1] == slide[1]] for slide in slides]
            good = len(rows) == len(program)
            for index, row in enumerate(r for r in rows if r[0] == "slide"):
                reds = [int(f[4]) for f in by_slide[index]]
                wanted = prevalence(list(zip(infected[index], reds)), rates)
                shown = slide_numbers(index)
                good = good and all(abs(float(a) - b) < 6e-5 for a, b in zip(row[8:11], wanted))
                good = good and all(abs(a - b) < 0.06 for a, b in zip(shown[:3], wanted))
                good = good and int(row[5]) == sum(infected[index]) == shown[3]
            check(what, good)
            return rows

        rows = compare("the corrected numbers and interval", rates)
        slide = [r for r in rows if r[0] == "slide"][0]
        check("struck out and added are told", slide[16:18] == ["1", "2"])
        check("the file has a name", run("window.name") == "count.csv")
        if rates:
            run("document.getElementById('rates').click()")
            compare("without the model's rates", None)
            run("document.getElementById('rates').click()")
            compare("and with them again", rates)
        run("document.getElementById('plain').click()")
        check("outlines are switched off", run("getComputedStyle(document.querySelector('figure .i')).visibility") == "hidden")
        run("document.getElementById('plain').click()")

        check("pictures are whole", run("[...document.querySelectorAll('figure image')].length") == len(fields))
        check("a name is text", "<script>" in run("document.querySelector('main').textContent")
              and run("document.querySelectorAll('script').length") == 2)
        check_page(page)

        page.screenshot(f"{out}/count-corrected.png")
        page.scheme("dark")
        page.screenshot(f"{out}/count-dark.png", whole=False)
        page.scheme("light")
        page.size(390, 844)
        check_width(page)
        page.screenshot(f"{out}/count-narrow.png")
        page.size(1100, 900)
        page.pdf(f"{out}/count.pdf")
        page.scripts(False)
        page.open(report)
        page.screenshot(f"{out}/count-without-scripts.png")
        page.scripts(True)
        check("no errors: " + "; ".join(page.errors), not page.errors)
        check_requests(page, "blob:")  # what it saves
    finally:
        page.close()
    return 1 if failures else 0


sys.exit(main())
