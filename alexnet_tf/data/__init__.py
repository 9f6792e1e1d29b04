"""Data loading and preprocessing: decoding, scaling, pixel statistics, augmentation, pipelines."""
