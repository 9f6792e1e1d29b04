"""One picture per section of the paper, drawn from a trained network and one image."""
