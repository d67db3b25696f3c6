"""Compares two JSON Lines files of `giemsa-field count`: the same fields and slides, the same counts, and the same cells in the
same order, whose boxes differ by at most a pixel and probabilities by 0.001.

    compare_counts.py ONE.jsonl OTHER.jsonl
"""

import json
import sys

COUNTS = ["path", "slide", "width", "height", "fields", "redCells", "infected", "whiteCells", "platelets"]
WORDS = ["kind", "class", "counted"]


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def differences(one, other):
    for name in COUNTS:
        if one.get(name) != other.get(name):
            yield f"{name} {one.get(name)} and {other.get(name)}"
    cells, others = one.get("cells", []), other.get("cells", [])
    if len(cells) != len(others):
        yield f"{len(cells)} and {len(others)} cells"
    for index, (a, b) in enumerate(zip(cells, others)):
        same = all(a.get(name) == b.get(name) for name in WORDS)
        near = all(abs(x - y) <= 1 for x, y in zip(a["box"], b["box"]))
        if not same or not near or abs(a.get("probability", 0) - b.get("probability", 0)) > 1e-3:
            yield f"cell {index}: {a} and {b}"


def main():
    one, other = read(sys.argv[1]), read(sys.argv[2])
    found = [f"{len(one)} and {len(other)} lines"] if len(one) != len(other) else []
    for a, b in zip(one, other):
        found += [f"{a.get('path', a['slide'])}: {text}" for text in differences(a, b)]
    print(f"{sum(len(line.get('cells', [])) for line in one)} cells, {len(found)} differences")
    for text in found[:20]:
        print(text)
    return 1 if found or not one else 0


sys.exit(main())
