"""The stages of the pipeline, one per file. `pipeline.py` holds their order."""
