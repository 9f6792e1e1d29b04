"""Image sets on their way to the network: pipelines, augmentation, pixel statistics."""
