"""Pictures for sections 3 and 4 of the paper, drawn from a trained network and one image."""
