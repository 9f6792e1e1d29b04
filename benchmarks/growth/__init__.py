"""Cost against batch, images and devices."""
