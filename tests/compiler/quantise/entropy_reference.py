"""The numbers of RangesTest.EntropyAsTheNumpyReference, from the definition in Migacz 2017 spelled out in numpy. Run by hand."""
import numpy as np


def bins_of(decay):
    bins = np.floor(1e6 * np.exp(-np.arange(2048) / decay))
    bins[2047] += 3
    return bins


def best(bins, levels):
    found = []
    for size in range(levels, len(bins) + 1):
        p = bins[:size].copy()
        p[-1] += bins[size:].sum()
        q = np.zeros(size)
        edges = [level * size // levels for level in range(levels + 1)]
        for begin, end in zip(edges, edges[1:]):
            part = bins[begin:end]
            if np.count_nonzero(part):
                q[begin:end] = np.where(part > 0, part.sum() / np.count_nonzero(part), 0)
        if np.any((p > 0) & (q == 0)):
            found.append(np.inf)
            continue
        p, q = p / p.sum(), q / q.sum()
        at = p > 0
        found.append(np.sum(p[at] * np.log(p[at] / q[at])))
    return levels + int(np.argmin(found))


def with_gaps(bins):
    bins = bins.copy()
    bins[np.arange(2048) * 7 % 5 < 2] = 0
    return bins


print("gaps", best(with_gaps(bins_of(100)), 128), best(with_gaps(bins_of(200)), 256))
for decay, levels in ((100, 128), (100, 256), (300, 128), (40, 128)):
    print(decay, levels, best(bins_of(decay), levels))
