"""The paper's Figures 2 to 4 for any network, and the common style of all figures."""
