"""The plot of cpu_bench.py: our time as a part of the peer's, a bar a network, one and two threads."""
import html

import cpu_tables

WIDTH, LEFT, ROW, BAR = 900, 330, 22, 8
COLOURS = {1: "#2b6cb0", 2: "#dd8a2b"}
MOST = 3.0  # ratios above end at the edge, with their number


def ratio_of(row, threads):
    ours = row["least_ms"].get(f"Tessera {threads}")
    peer = cpu_tables.peer_of(row, threads)
    return ours / peer if ours and peer else None


def plot(facts):
    rows = [row for row in facts["rows"] if ratio_of(row, 1)]
    rows.sort(key=lambda row: ratio_of(row, 1))
    height = 70 + ROW * len(rows)
    scale = (WIDTH - LEFT - 60) / MOST
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="11">',
             f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
             f'<text x="10" y="18" font-size="13">Tessera\'s time as a part of ONNX Runtime\'s or LiteRT\'s ({html.escape(facts["processor"])}, {facts["date"]})</text>']
    for threads, place in ((1, LEFT), (2, LEFT + 110)):
        parts.append(f'<rect x="{place}" y="28" width="10" height="10" fill="{COLOURS[threads]}"/><text x="{place + 14}" y="37">{threads} thread{"s" if threads > 1 else ""}</text>')
    for tick in (0.5, 1, 1.5, 2, 2.5, 3):
        x = LEFT + tick * scale
        parts.append(f'<line x1="{x:.1f}" y1="46" x2="{x:.1f}" y2="{height - 16}" stroke="{"#444" if tick == 1 else "#ddd"}"/><text x="{x:.1f}" y="{height - 4}" text-anchor="middle">{tick:g}</text>')
    for index, row in enumerate(rows):
        y = 50 + ROW * index
        parts.append(f'<text x="{LEFT - 6}" y="{y + 12}" text-anchor="end">{html.escape(row["network"][-50:])}</text>')
        for line, threads in enumerate((1, 2)):
            ratio = ratio_of(row, threads)
            if not ratio:
                continue
            width = min(ratio, MOST) * scale
            parts.append(f'<rect x="{LEFT}" y="{y + line * (BAR + 1)}" width="{width:.1f}" height="{BAR}" fill="{COLOURS[threads]}"/>')
            parts.append(f'<text x="{LEFT + width + 4:.1f}" y="{y + line * (BAR + 1) + 8}" font-size="9">{ratio:.2f}</text>')
    return "\n".join(parts) + "\n</svg>\n"
