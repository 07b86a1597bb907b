# The kind of program that the talk runs: three models, a group-by, linear algebra, a plot. Prints "ok".
import io
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plot
import numpy, pandas, scipy.linalg, scipy.optimize
from sklearn.datasets import make_classification
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

x, y = make_classification(2000, 20, random_state=0)
a, b, c, d = train_test_split(x, y, random_state=0)
for model in (LogisticRegression(), RandomForestClassifier(50, n_jobs=2, random_state=0),
              GradientBoostingClassifier(random_state=0)):
    score = model.fit(a, c).score(b, d)
    assert score > 0.8, (model, score)
frame = pandas.DataFrame({"key": numpy.arange(9000) % 3, "value": numpy.arange(9000.0)})
assert frame.groupby("key").value.sum().tolist() == [13495500.0, 13498500.0, 13501500.0]
matrix = numpy.random.default_rng(0).normal(size=(300, 300))
assert numpy.allclose(matrix @ scipy.linalg.inv(matrix), numpy.eye(300))
assert abs(scipy.optimize.brentq(lambda v: v * v - 2, 0, 2) - 2 ** 0.5) < 1e-9
picture = io.BytesIO()
plot.hist(matrix.ravel(), 50)
plot.title("drawn on a bare Alpine")
plot.savefig(picture)
assert picture.getvalue().startswith(b"\x89PNG")
print("ok")
