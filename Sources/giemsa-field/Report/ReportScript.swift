import Text

/// The script of the page of `count --report`. Plain browser JavaScript; the same formulas as module `Statistics`.
///
/// The page's policy names the script's hash: ``ReportPage/scriptHash``.
enum ReportScript {
  static let text = #"""
    "use strict";
    (() => {
    const all = (query, root = document) => [...root.querySelectorAll(query)];
    const one = (query, root = document) => root.querySelector(query);
    const sum = (list, value) => list.reduce((total, item) => total + value(item), 0);
    const make = (name, values = {}, ...inside) => {
      const isSVG = ["svg", "use", "path", "text"].includes(name);
      const made = isSVG ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
      for (const [key, value] of Object.entries(values)) made.setAttribute(key, value);
      made.append(...inside);
      return made;
    };
    const data = JSON.parse(one("#data").textContent), Z = 1.959963984540054, MARGIN = 0.25;

    const clip = (x) => Math.min(Math.max(x, 0), 1);
    function wilson(p, n) {
      const s = Z * Z, middle = (p + s / (2 * n)) / (1 + s / n);
      const half = Z / (1 + s / n) * Math.sqrt(p * (1 - p) / n + s / (4 * n * n));
      return [p <= 0 ? 0 : Math.max(0, middle - half), p >= 1 ? 1 : Math.min(1, middle + half)];
    }
    const rate = ([hits, count]) => {
      const q = (hits + 0.5) / (count + 1);
      return {share: hits / count, variance: q * (1 - q) / (count + 1)};
    };
    const rates = data.rates && data.rates.map(rate);

    // Parasitaemia of fields with its interval; null without red cells.
    function result(fields, rates) {
      fields = fields.filter((field) => field.red > 0);
      const n = sum(fields, (f) => f.red), x = sum(fields, (f) => f.infected), m = fields.length;
      if (n === 0) return null;
      const p = x / n;
      let effect = 1, share = p, power = 1, variance = 0;
      if (x > 0 && x < n && m > 1) {
        effect = Math.max(1, m / (m - 1) * sum(fields, (f) => (f.infected - f.red * p) ** 2) / n / (p * (1 - p)));
      }
      let [low, high] = wilson(p, n / effect);
      if (rates) {
        const [se, sp] = rates;
        power = se.share + sp.share - 1;
        share = clip((p + sp.share - 1) / power);
        variance = ((1 - share) ** 2 * sp.variance + share ** 2 * se.variance) / power ** 2;
        const reach = (end) => Math.sqrt(((end - p) / power) ** 2 + Z * Z * variance);
        [low, high] = [clip(share - reach(low)), clip(share + reach(high))];
      }
      const room = (MARGIN * share) ** 2 - Z * Z * variance;
      const cells = share > 0 && room > 0 ? Z * Z * effect * p * (1 - p) / (power * power * room) : Infinity;
      return {share, low, high, isAbove: low > 0, more: cells < 1e12 ? Math.max(Math.ceil(cells) - n, 0) : null};
    }

    const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
    function percents({share, low, high}) {
      const digits = high >= 0.1 ? 1 : high >= 0.001 ? 2 : 4;
      return [share, low, high].map((x) => (x * 100).toFixed(digits));
    }
    function parasites({share, low, high}) {
      let step = 1;
      while (step * 1000 < high * data.perMicrolitre) step *= 10;
      return [share, low, high].map((x) => grouped(Math.round(x * data.perMicrolitre / step) * step));
    }

    // A field: its numbers, and the red cells that count.
    const fields = all("figure").map((figure) => {
      const [red, judged, white, platelets] = figure.dataset.n.split(" ").map(Number);
      const field = {figure, slide: +figure.dataset.slide, red, judged, infected: judged, white, platelets, cells: []};
      const image = one("image", figure);
      if (!image) return field;
      image.id = "i" + figure.id;
      field.svg = image.parentNode;
      field.size = [image, image].map((e, i) => +e.getAttribute(i ? "height" : "width"));
      const details = all("image", figure).slice(1);
      field.cells = all(".i, .r", figure).map((path) => {
        const judged = path.classList.contains("i");
        return {field, path, judged, now: judged, p: +path.dataset.p, detail: details[path.dataset.z]};
      });
      return field;
    });

    // Where a cell is in its field, from the outline's steps.
    function place(cell) {
      if (cell.place) return cell.place;
      let [x, y] = [0, 0];
      const numbers = (cell.path.getAttribute("d").match(/-?\d+/g) ?? [0, 0]).map(Number), xs = [], ys = [];
      for (let i = 0; i < numbers.length; i += 2) { xs.push(x += numbers[i]); ys.push(y += numbers[i + 1]); }
      const [left, right] = [Math.min(...xs), Math.max(...xs)], [top, bottom] = [Math.min(...ys), Math.max(...ys)];
      return cell.place = {x: (left + right) / 2, y: (top + bottom) / 2, side: Math.max(right - left, bottom - top, 8),
        right, top};
    }

    const says = make("p", {"aria-live": "polite", class: "unseen"});
    document.body.append(says);
    let isSaved = true;

    const slides = all("section.slide").map((section) => {
      const index = +section.id.slice(1);
      const own = fields.filter((field) => field.slide === index);
      const slide = {section, index, fields: own, name: one("h2", section).textContent, cells: []};
      const bar = make("div", {class: "bar"});
      slide.line = make("span");
      const save = make("button", {type: "button", class: "save"}, "Save CSV");
      save.addEventListener("click", saveCSV);
      bar.append(slide.line, save);
      one("h2", section).after(bar);
      slide.sheet = make("ol", {class: "sheet"});
      section.append(make("h3", {}, "Cells, the most probably infected first"), slide.sheet, make("h3", {}, "Fields"));
      for (const field of own) section.append(field.figure);
      const cells = own.flatMap((field) => field.cells).sort((a, b) => b.judged - a.judged || b.p - a.p);
      const found = cells.filter((cell) => cell.judged);
      const next = cells.slice(found.length).sort((a, b) => b.p - a.p).slice(0, 24);
      for (const cell of [...found, ...next]) addCard(slide, cell);
      if (cells.length === 0) slide.sheet.before(make("p", {}, "No cells to show."));
      slide.sheet.addEventListener("keydown", (event) => moveInSheet(slide, event));
      for (const field of own) if (field.svg) listen(slide, field);
      show(slide);
      return slide;
    });
    for (const slide of [...slides].reverse()) one("main").prepend(slide.section);
    if (slides.length > 1) {
      const items = slides.map((slide) => make("li", {}, make("a", {href: "#" + slide.section.id}, slide.name)));
      one("main").before(make("nav", {"aria-label": "Slides"}, make("ul", {}, ...items)));
    }
    one("#rates")?.addEventListener("change", () => { isSaved = false; slides.forEach(show); });
    addEventListener("beforeunload", (event) => { if (!isSaved) event.preventDefault(); });

    function addCard(slide, cell) {
      slide.cells.push(cell);
      cell.number = slide.cells.length;
      // Cells around it are for comparison.
      const at = place(cell), side = 2.5 * at.side, [width, height] = cell.field.size;
      const view = make("svg", {viewBox: [at.x - side / 2, at.y - side / 2, side, side].join(" ")});
      cell.copy = make("path", {d: cell.path.getAttribute("d")});
      view.append(make("use", {href: `#i${cell.field.figure.id}`}), cell.detail ? cell.detail.cloneNode() : "", cell.copy);
      cell.says = make("span");
      cell.card = make("button", {type: "button", tabindex: slide.cells.length === 1 ? 0 : -1}, view, cell.says);
      cell.card.addEventListener("click", () => set(slide, cell, !cell.now));
      cell.card.addEventListener("focus", () => {
        for (const other of slide.cells) other.card.tabIndex = other === cell ? 0 : -1;
      });
      const number = slide.fields.indexOf(cell.field) + 1;
      const way = make("a", {href: "#" + cell.field.figure.id, tabindex: -1}, "field " + number);
      way.addEventListener("click", (event) => { event.preventDefault(); find(cell); });
      cell.item = make("li", {}, cell.card, way);
      slide.sheet.append(cell.item);
      // Black under the outline of an infected cell, and its number.
      cell.under = make("path", {d: cell.path.getAttribute("d"), class: "k"});
      cell.path.before(cell.under);
      const unit = Math.max(width, height) / 1280, isRight = at.right > width - 90 * unit;
      cell.label = make("text", {"text-anchor": isRight ? "end" : "start",
        transform: `translate(${at.right} ${Math.max(at.top, 36 * unit)}) scale(${unit})`});
      cell.field.svg.append(cell.label);
      paint(cell);
    }

    function paint(cell) {
      const state = cell.now ? (cell.judged ? "in" : "new") : cell.judged ? "out" : "no";
      for (const part of [cell.path, cell.copy, cell.under, cell.label, cell.item]) part.dataset.state = state;
      const words = {in: "", new: "added", out: "struck out", no: "not counted"}[state];
      cell.says.replaceChildren(make("b", {}, state === "out" ? "✕" : state === "no" ? "–" : String(cell.number)),
        " " + (cell.p * 100).toFixed(1) + " %", make("i", {}, words));
      cell.card.setAttribute("aria-pressed", cell.now);
      cell.card.setAttribute("aria-label",
        `Cell ${cell.number}, ${(cell.p * 100).toFixed(1)} %, ${words || "infected"}`);
      cell.label.textContent = cell.now ? cell.number : state === "out" ? "✕" : "";
    }

    function set(slide, cell, isInfected) {
      if (cell.now === isInfected) return;
      cell.now = isInfected;
      isSaved = false;
      if (!cell.card) addCard(slide, cell);
      cell.field.infected = cell.field.judged + sum(cell.field.cells, (c) => c.now - c.judged);
      paint(cell);
      show(slide);
      says.textContent = `Cell ${cell.number} ${isInfected ? "counts as infected" : "does not count"}. ` +
        slide.line.textContent;
    }

    // Brings a cell into view in its field.
    function find(cell) {
      cell.field.figure.scrollIntoView({block: "center"});
      point(cell);
      cell.field.svg.focus({preventScroll: true});
    }
    function point(cell) {
      for (const path of all(".at")) path.classList.remove("at");
      cell.path.classList.add("at");
      cell.field.at = cell;
    }

    function strike(slide, cell, key) {
      if (key === "x" || key === "Delete") set(slide, cell, false);
      else if (key === "+") set(slide, cell, true);
      else return false;
      return true;
    }

    function moveInSheet(slide, event) {
      const at = slide.cells.findIndex((cell) => cell.card === document.activeElement);
      if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
      const tops = slide.cells.map((cell) => cell.item.offsetTop), row = tops.filter((y) => y === tops[0]).length;
      const steps = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row, Home: -at, End: slide.cells.length};
      if (event.key in steps) {
        const to = at + steps[event.key];
        const isFar = event.key === "ArrowUp" || event.key === "ArrowDown";
        if (!isFar || (to >= 0 && to < slide.cells.length)) {
          slide.cells[Math.min(Math.max(to, 0), slide.cells.length - 1)].card.focus();
        }
      } else if (event.key === "f") {
        find(slide.cells[at]);
      } else if (!strike(slide, slide.cells[at], event.key)) {
        return;
      }
      event.preventDefault();
    }

    // Clicks and keys in a field's picture.
    function listen(slide, field) {
      field.svg.setAttribute("tabindex", 0);
      const cells = new Map(field.cells.map((cell) => [cell.path, cell]));
      field.svg.addEventListener("click", (event) => {
        const cell = cells.get(event.target);
        if (!cell) return;
        point(cell);
        set(slide, cell, !cell.now);
      });
      field.svg.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || field.cells.length === 0) return;
        const way = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key];
        const at = field.at;
        if (way && !at) {
          point(field.cells[0]);
        } else if (way) {
          // The nearest one in that direction; what lies aside counts double.
          let [best, least] = [at, Infinity];
          const here = place(at);
          for (const cell of field.cells) {
            const there = place(cell), [dx, dy] = [there.x - here.x, there.y - here.y];
            const ahead = dx * way[0] + dy * way[1], aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
            if (ahead > 0 && ahead >= aside / 2 && ahead + 2 * aside < least) [best, least] = [cell, ahead + 2 * aside];
          }
          point(best);
        } else if (at && (event.key === " " || event.key === "Enter")) {
          set(slide, at, !at.now);
        } else if (!at || !strike(slide, at, event.key)) {
          return;
        }
        event.preventDefault();
        if (way) {
          says.textContent = `Cell with ${(field.at.p * 100).toFixed(1)} %, ` +
            (field.at.now ? "infected" : "not counted as infected");
        }
      });
    }

    function corrects() { return one("#rates")?.checked ?? true; }
    function struck(fields) { return sum(fields, (f) => sum(f.cells, (c) => c.judged && !c.now)); }
    function added(fields) { return sum(fields, (f) => sum(f.cells, (c) => !c.judged && c.now)); }

    function show(slide) {
      const {fields, section} = slide, now = result(fields, corrects() ? rates : null);
      const red = sum(fields, (f) => f.red), infected = sum(fields, (f) => f.infected);
      const put = (name, text) => { one("." + name, section).textContent = text; };
      const [out, more] = [struck(fields), added(fields)];
      put("infected", grouped(infected));
      put("hand", out + more > 0 ? `${out} struck out, ${more} added` : "");
      if (!now) {
        slide.line.textContent = "no red cells";
        return;
      }
      const [share, low, high] = percents(now), [each, least, most] = parasites(now);
      put("share", share + " %");
      put("range", `${low} – ${high} %`);
      put("each", each);
      put("each-range", `${least} – ${most}`);
      const parts = [];
      if (!now.isAbove) {
        const isAlone = infected > 0 && rates && corrects();
        parts.push("not distinguishable from none" + (isAlone
          ? ": the model's false positives alone may give as many" : ""));
      }
      if (now.more > 0) parts.push(`±25 % takes ${grouped(now.more)} more red cells`);
      else if (now.more === null && now.isAbove) {
        parts.push("no number of cells gives ±25 %: the model's sensitivity and specificity are too uncertain");
      }
      put("meaning", parts.join("; "));
      slide.line.replaceChildren(make("b", {}, share + " %"), ` (${low} – ${high}), ` +
        `${grouped(infected)} of ${grouped(red)} infected` + (out + more > 0 ? `; ${out} struck out, ${more} added` : ""));
    }

    function csv() {
      const head = "level,slide,path,fields,red_cells,infected,white_cells,platelets,parasitaemia,low,high," +
        "parasites_per_ul,parasites_low,parasites_high,above_none,more_cells,struck_out,added\n";
      const row = (level, slide, path, count, fields, isSlide) => {
        const now = result(fields, corrects() ? rates : null), numbers = now ? [now.share, now.low, now.high] : ["", "", ""];
        const fixed = (factor, digits) => numbers.map((x) => x === "" ? x : (x * factor).toFixed(digits));
        return [level, slide, path, count, sum(fields, (f) => f.red), sum(fields, (f) => f.infected),
          sum(fields, (f) => f.white), sum(fields, (f) => f.platelets), ...fixed(100, 4), ...fixed(data.perMicrolitre, 0),
          ...(isSlide ? [now?.isAbove ? "yes" : "no", now?.more ?? ""] : ["", ""]), struck(fields), added(fields)]
          .join(",") + "\n";
      };
      const names = Object.fromEntries(slides.map((slide) => [slide.index, slide.section.dataset.csv]));
      return head + fields.map((f) => row("field", names[f.slide], f.figure.dataset.csv, 1, [f])).join("") +
        slides.map((s) => row("slide", names[s.index], "", s.fields.length, s.fields, true)).join("");
    }
    function saveCSV() {
      const link = make("a", {href: URL.createObjectURL(new Blob([csv()], {type: "text/csv"})), download: "count.csv"});
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
      isSaved = true;
    }
    one("#plain").addEventListener("change", (event) => {
      document.body.classList.toggle("plain", !event.target.checked);
    });
    // Of many fields only those in view are laid out, which halves the memory.
    document.body.classList.add("live", ...(fields.length > 60 ? ["many"] : []));
    })();

    """#
}
