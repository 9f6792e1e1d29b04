"""Data loading and preprocessing: pipelines, augmentation, pixel statistics."""
