"""The simplest ways to do the voice network's task, on the same folds and the same features."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ml.training.voice.fit import Split
from ml.training.voice.prepare import CLEAN, Prepared, speaker_statistics


def functionals(prepared: Prepared, indices: np.ndarray) -> np.ndarray:
    """Mean and standard deviation over time of every standardised feature, shape (len(indices), 2 N_FEATURES)."""
    statistics = speaker_statistics(prepared, indices, CLEAN)
    rows = []
    for i in indices:
        frames = statistics[prepared.utterances[i].speaker].apply(prepared.samples[i][CLEAN].frames.astype(np.float32))
        rows.append(np.concatenate([frames.mean(axis=0), frames.std(axis=0)]))
    return np.stack(rows)


def baseline_predictions(prepared: Prepared, splits: list[Split], seed: int) -> dict[str, np.ndarray]:
    """Class predictions for every fold's test utterances, folds one after the other.

    Returns:
        "majority" (the commonest training class), "logistic_regression" and "rbf_svm" on the functionals, both with
        balanced classes; the two learn from the inner validation speakers as well.
    """
    predictions: dict[str, list[np.ndarray]] = {"majority": [], "logistic_regression": [], "rbf_svm": []}
    labels = prepared.labels()
    for split in splits:
        fitted_on = np.concatenate([split.train, split.inner])
        train, test = functionals(prepared, fitted_on), functionals(prepared, split.test)
        commonest = np.bincount(labels[fitted_on]).argmax()
        predictions["majority"].append(np.full(len(split.test), commonest))
        models = {
            "logistic_regression": LogisticRegression(
                C=0.01, class_weight="balanced", max_iter=2000, random_state=seed
            ),
            "rbf_svm": SVC(C=2.0, class_weight="balanced", random_state=seed),
        }
        for name, model in models.items():
            fitted = make_pipeline(StandardScaler(), model).fit(train, labels[fitted_on])
            predictions[name].append(fitted.predict(test))
    return {name: np.concatenate(parts) for name, parts in predictions.items()}
