"""Writes reference.json: MAUVE of histograms by its authors' program, the Frechet distance by scipy, and logistic
regression by scikit-learn.

    pip install mauve-text scikit-learn scipy && python make_reference.py
"""
import json
import pathlib
import sys

import mauve  # noqa: F401  (brings the module below)
import numpy as np
from scipy.linalg import sqrtm
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

random = np.random.default_rng(1)
module = sys.modules["mauve.compute_mauve"]


def mauve_of(p, q):
    weights = np.linspace(1e-6, 1 - 1e-6, 25)
    x, y = module.get_divergence_curve_for_multinomials(p, q, weights, 5).T
    by_x, by_y = np.argsort(x), np.argsort(y)
    area = module.compute_area_under_curve
    return 0.5 * (area(x[by_x], y[by_x]) + area(y[by_y], x[by_y]))


histograms = []
for sharpness in (0.3, 1, 3, 10):
    p, q = random.dirichlet([sharpness] * 8), random.dirichlet([sharpness] * 8)
    histograms.append((p, q))
p = np.array([0.5, 0.5, 0, 0])
histograms += [(p, np.array([0.25, 0.25, 0.25, 0.25])), (p, np.array([0.5, 0.25, 0.25, 0]))]

a = random.normal(size=(40, 3)) @ random.normal(size=(3, 3))
b = random.normal(size=(30, 3)) @ random.normal(size=(3, 3)) + 0.5
frechet = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(
    np.cov(a.T) + np.cov(b.T) - 2 * np.real(sqrtm(np.cov(a.T) @ np.cov(b.T))))

x = random.normal(size=(60, 3)) * [1, 5, 0.2] + [0, 2, -3]
y = (x[:, 0] + 0.2 * x[:, 1] + random.normal(size=60) > 0.3).astype(int)
scaled = StandardScaler().fit_transform(x)
regression = LogisticRegression(C=1 / 2.5, tol=1e-12, max_iter=10_000).fit(scaled, y)

result = {
    "mauve": [{"p": p.tolist(), "q": q.tolist(), "value": mauve_of(p, q)} for p, q in histograms],
    "frechet": {"a": a.tolist(), "b": b.tolist(), "value": float(frechet)},
    "logistic": {"lambda": 2.5, "x": x.tolist(), "y": y.tolist(),
                 "log_odds": regression.decision_function(scaled).tolist()},
}
rounded = json.loads(json.dumps(result), parse_float=lambda text: float(f"{float(text):.12g}"))
pathlib.Path(__file__).with_name("reference.json").write_text(json.dumps(rounded) + "\n")
