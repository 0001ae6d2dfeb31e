"""Tables of Markdown: every round is shown, ratios are of medians."""
import statistics

from beside import machine


def number(x, digits=None):
    if x is None:
        return "-"
    if digits is None:
        digits = 0 if abs(x) >= 100 else 1 if abs(x) >= 10 else 2
    return f"{x:,.{digits}f}"


def rounds(values, digits=None):
    """All rounds and their median: '1,204 · 1,198 · 1,210 → 1,204'."""
    if len(values) == 1:
        return number(values[0], digits)
    return " · ".join(number(v, digits) for v in values) + f" → **{number(statistics.median(values), digits)}**"


def ratio(ours, theirs):
    """How many times theirs ours is, by medians."""
    return f"{statistics.median(ours) / statistics.median(theirs):.2f}"


def markdown(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def write(name, *parts, tiny=False):
    """Prints a page and writes it to bench/results; a harness that is only proved writes beside its own work."""
    text = "\n\n".join(part.strip() for part in parts) + "\n"
    path = (machine.WORK if tiny else machine.ROOT / "bench" / "results") / f"{name}.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    print(text)
    print(f"written to {path.relative_to(machine.ROOT)}")
