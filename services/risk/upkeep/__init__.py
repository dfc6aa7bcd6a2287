"""What the worker sees to beside scoring: trainings, documents, drift."""
