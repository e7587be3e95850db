"""The trial that a question stands for, emulated: clones, their rivals, bootstrap. What is imported here is public."""

from analysis_py.statistics.trial.bootstrap import Bootstrap, bootstrap
from analysis_py.statistics.trial.clones import Clones
from analysis_py.statistics.trial.emulation import (
    clone_censor_weight,
    clones,
    landmark,
    published,
    sequential_trials,
    time_dependent_cox,
)
from analysis_py.statistics.trial.result import Design, Positivity, TrialResult
from analysis_py.statistics.trial.together import bootstrap_together

__all__ = [
    "Bootstrap",
    "Clones",
    "Design",
    "Positivity",
    "TrialResult",
    "bootstrap",
    "bootstrap_together",
    "clone_censor_weight",
    "clones",
    "landmark",
    "published",
    "sequential_trials",
    "time_dependent_cox",
]
