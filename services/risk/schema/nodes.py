"""What `node(id)` can fetch from risk."""

from services.risk.schema.models import ModelVersion
from services.risk.schema.release import TrainingRun
from services.risk.schema.scores import Risk
from services.risk.store import models as models_store
from services.risk.store import release as release_store
from services.risk.store import scores as scores_store
from shared.graphql.fields import by_id

NODES = {
    "Risk": by_id(scores_store.scores, Risk),
    "ModelVersion": by_id(models_store.models_by_id, ModelVersion),
    "TrainingRun": by_id(release_store.training_runs_by_id, TrainingRun),
}
