/// The script of the evaluation page: the threshold and everything that depends on it, and sortable tables. Plain
/// browser JavaScript; same formulas as ``ClusteredShare`` and ``WilsonInterval``.
enum PageScript {
  static let text = #"""
    "use strict";
    (() => {
      const $ = (id) => document.getElementById(id);
      const Z = 1.959963984540054;

      function wilson(share, n) {
        if (!(n > 0) || !Number.isFinite(share)) return [0, 1];
        const square = Z * Z;
        const middle = (share + square / (2 * n)) / (1 + square / n);
        const half = Z / (1 + square / n) * Math.sqrt(share * (1 - share) / n + square / (4 * n * n));
        return [share <= 0 ? 0 : Math.max(0, middle - half), share >= 1 ? 1 : Math.min(1, middle + half)];
      }

      // Hits and misses of each slide; slides without either are skipped.
      function clustered(slides, hits, misses) {
        let hit = 0, count = 0, clusters = 0;
        const groups = [];
        for (const slide of slides) {
          const h = hits.reduce((sum, kind) => sum + slide[kind], 0);
          const n = h + misses.reduce((sum, kind) => sum + slide[kind], 0);
          if (n === 0) continue;
          groups.push([h, n]);
          hit += h; count += n; clusters += 1;
        }
        const share = count > 0 ? hit / count : NaN;
        let worth = clusters;
        if (hit > 0 && hit < count && clusters > 1) {
          const squares = groups.reduce((sum, [h, n]) => sum + (h - n * share) ** 2, 0);
          const effect = Math.max(1, clusters / (clusters - 1) * squares / count / (share * (1 - share)));
          worth = Math.max(count / effect, 1);
        }
        return {share, cell: wilson(share, count), slide: wilson(share, worth)};
      }

      const percent = (share) => Number.isFinite(share) ? (share * 100).toFixed(2) + "\u00A0%" : "–";
      const interval = ([low, high]) => (low * 100).toFixed(2) + "–" + (high * 100).toFixed(2);

      function chooser() {
        const data = JSON.parse($("cells").textContent);
        const n = data.scores.length;
        const slideCount = n === 0 ? 0 : Math.max(...[0], data.slides.reduce((a, b) => Math.max(a, b), 0)) + 1;
        const ill = [...data.positive].filter((c) => c === "1").length;
        const well = n - ill;

        function counts(threshold) {
          // Counts of each slide: true positives, false positives, false negatives, true negatives.
          const slides = Array.from({length: slideCount}, () => [0, 0, 0, 0]);
          const all = [0, 0, 0, 0];
          for (let i = 0; i < n; i++) {
            const called = data.scores[i] >= threshold;
            const kind = data.positive[i] === "1" ? (called ? 0 : 2) : (called ? 1 : 3);
            slides[data.slides[i]][kind] += 1;
            all[kind] += 1;
          }
          return {slides, all};
        }

        function move(mark, x, y) {
          const plot = mark.ownerSVGElement.dataset;
          mark.setAttribute("cx", +plot.left + x * +plot.width);
          mark.setAttribute("cy", +plot.top + (1 - y) * +plot.height);
        }

        let saying = 0;
        function show(threshold) {
          const {slides, all: [tp, fp, fn, tn]} = counts(threshold);
          const cells = {tp: [tp, ill], fn: [fn, ill], fp: [fp, well], tn: [tn, well]};
          for (const [id, [count, of]] of Object.entries(cells)) {
            $(id).textContent = count;
            $(id + "-share").textContent = percent(of > 0 ? count / of : NaN);
          }
          const rates = [
            clustered(slides, [0], [2]), clustered(slides, [3], [1]), clustered(slides, [0], [1]),
            clustered(slides, [3], [2]), clustered(slides, [0, 3], [1, 2])];
          rates.forEach((rate, i) => {
            $("rate-" + i).textContent = percent(rate.share);
            const isKnown = Number.isFinite(rate.share);
            $("rate-" + i + "-cell").textContent = isKnown ? interval(rate.cell) : "–";
            $("rate-" + i + "-slide").textContent = isKnown ? interval(rate.slide) : "–";
          });
          move($("roc-mark"), fp / Math.max(well, 1), tp / Math.max(ill, 1));
          move($("pr-mark"), tp / Math.max(ill, 1), tp + fp > 0 ? tp / (tp + fp) : 1);
          const text = threshold.toFixed(3);
          slider.setAttribute("aria-valuetext", text);
          // Announced to screen readers once the slider rests, not at every step.
          clearTimeout(saying);
          saying = setTimeout(() => {
            const [found, spared, missed, alarms] = data.words;
            $("threshold-says").textContent = `At ${text}: ${found} ${percent(rates[0].share)}, ${spared} ` +
              `${percent(rates[1].share)}; ${fn} of ${ill} ${missed}, ${fp} of ${well} ${alarms}.`;
          }, 150);
        }

        const slider = $("threshold"), number = $("threshold-number");
        function set(threshold) {
          slider.value = threshold;
          number.value = threshold;
          show(+threshold);
        }
        slider.addEventListener("input", () => { number.value = slider.value; show(+slider.value); });
        number.addEventListener("input", () => {
          const value = number.valueAsNumber;
          if (value >= 0 && value <= 1) { slider.value = value; show(value); }
        });

        // The best threshold of the slider; in a tie the one nearest the middle.
        function best(value) {
          let found = 0.5, most = -Infinity;
          for (let step = 0; step <= 1000; step++) {
            const threshold = step / 1000;
            const now = value(counts(threshold).all);
            const isNearer = Math.abs(threshold - 0.5) < Math.abs(found - 0.5);
            if (now > most || (now === most && isNearer)) { most = now; found = threshold; }
          }
          return found;
        }
        const choices = {
          half: () => 0.5,
          accuracy: () => best(([tp, , , tn]) => tp + tn),
          found: () => best(([tp, , , tn]) => tp >= 0.99 * ill ? 1 + tn : 0),
          spared: () => best(([tp, , , tn]) => tn >= 0.99 * well ? 1 + tp : 0),
        };
        for (const button of document.querySelectorAll("[data-choose]")) {
          button.addEventListener("click", () => set(choices[button.dataset.choose]()));
        }
        $("chooser").hidden = false;
        set(number.defaultValue);
      }

      function sortable(table) {
        const heads = [...table.tHead.rows[0].cells];
        const value = (row, column) => {
          const text = row.cells[column].textContent;
          const number = parseFloat(text);
          return text === "–" ? -1 : Number.isNaN(number) || column === 0 ? text : number;
        };
        heads.forEach((head, column) => {
          const button = document.createElement("button");
          button.type = "button";
          button.textContent = head.textContent;
          head.replaceChildren(button);
          button.addEventListener("click", () => {
            const descends = head.getAttribute("aria-sort") === "ascending" ||
              (column > 0 && head.getAttribute("aria-sort") === null);
            for (const other of heads) other.removeAttribute("aria-sort");
            head.setAttribute("aria-sort", descends ? "descending" : "ascending");
            const rows = [...table.tBodies[0].rows];
            rows.sort((a, b) => {
              const [x, y] = [value(a, column), value(b, column)];
              const order = x < y ? -1 : x > y ? 1 : 0;
              return descends ? -order : order;
            });
            table.tBodies[0].append(...rows);
          });
        });
      }

      if ($("cells")) chooser();
      for (const table of document.querySelectorAll("table[data-sortable]")) sortable(table);
    })();

    """#
}
