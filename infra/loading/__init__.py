"""Getting rows in through the public API, as any other client would."""
