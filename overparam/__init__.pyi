# The public API by name, and where each name lives.
from .compare.api import compare_files as compare_files
from .compare.api import compare_networks as compare_networks
from .compare.inputs import NetworkFeatures as NetworkFeatures
from .data import load_dataset as load_dataset
from .errors import OverparamError as OverparamError
from .metrics.blocks import Blocks as Blocks
from .metrics.definitions import Measured as Measured
from .metrics.definitions import ridge_regression as ridge_regression
from .metrics.moments import Moments as Moments
from .metrics.on_arrays import feature_performance as feature_performance
from .metrics.on_arrays import residuals as residuals
from .metrics.on_arrays import span_error as span_error
from .metrics.on_arrays import span_gap as span_gap
from .metrics.ridge import RidgeSource as RidgeSource
from .metrics.stats import Effect as Effect
from .metrics.stats import every as every
from .metrics.stats import greater as greater
from .metrics.stats import grows as grows
from .metrics.stats import not_above as not_above
from .networks.checkpoints import load_checkpoint as load_checkpoint
from .networks.checkpoints import save_checkpoint as save_checkpoint
from .networks.ensemble import initialise as initialise
from .networks.ensemble import split_state as split_state
from .networks.ensemble import stack_states as stack_states
from .networks.hooks import extract_features as extract_features
from .networks.registry import build as build
from .networks.training import train as train
from .study.record import Record as Record
from .study.record import read_record as read_record
from .verdicts.claims import CLAIMS as CLAIMS
from .verdicts.margins import load_preregistration as load_preregistration
from .verdicts.registry import judge_record as judge_record

__version__: str
