"""The paper's Figures 2 to 4 of any network, and the look of all figures."""
