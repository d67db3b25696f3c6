"""What the checks of all our pages have in common: check_report.py and check_count_report.py use it."""

Z = 1.959963984540054
failures = []


def check(what, is_so):
    print(("ok      " if is_so else "FAILED  ") + what)
    if not is_so:
        failures.append(what)


def wilson(share, n):
    if n <= 0:
        return 0.0, 1.0
    low_high = []
    for sign in (-1, 1):
        root = (share * (1 - share) / n + Z * Z / (4 * n * n)) ** 0.5
        low_high.append((share + Z * Z / (2 * n) + sign * Z * root) / (1 + Z * Z / n))
    return max(0.0, low_high[0]), min(1.0, low_high[1])


def check_page(page):
    """Headings, names and ids, and that nothing smuggled in runs."""
    check("headings do not jump", page.run("""(() => {
      const levels = [...document.querySelectorAll('h1,h2,h3')].map(h => +h.tagName[1]);
      return levels[0] === 1 && levels.every((l, i) => i === 0 || l <= levels[i - 1] + 1) })()"""))
    check("every input has a label or a name", page.run(
        "[...document.querySelectorAll('input')].every(i => i.labels.length || i.ariaLabel)"))
    check("every button has a name", page.run(
        "[...document.querySelectorAll('button')].every(b => b.labels?.length || b.ariaLabel || b.textContent)"))
    check("ids are unique", page.run("""(() => {
      const ids = [...document.querySelectorAll('[id]')].map(e => e.id); return new Set(ids).size === ids.length })()"""))
    check("no handler and no style in a tag", page.run(
        "[...document.querySelectorAll('*')].every(e => [...e.attributes].every("
        "a => !a.name.startsWith('on') && a.name !== 'style'))"))
    before = list(page.errors)
    page.run("(() => { const s = document.createElement('script'); s.textContent = 'window.odd = 1'; document.body.append(s);"
             "document.body.setAttribute('onclick', 'window.odd = 2'); document.body.click(); s.remove();"
             "document.body.removeAttribute('onclick') })()")
    check("injected scripts and handlers do not run", page.run("window.odd === undefined"))
    page.errors[:] = before  # without the policy's complaints about the two


def check_width(page):
    check("nothing is wider than a telephone", page.run(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def check_requests(page, *more):
    """Nothing but the page itself was read. more: what else addresses may begin with."""
    others = [url for url in page.requests if not url.startswith(("file://", "data:") + more)]
    files = [url for url in page.requests if url.startswith("file://") and not url.endswith(".html")]
    check("nothing was fetched: " + " ".join(others + files), not others and not files)
