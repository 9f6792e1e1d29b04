"""Configuration of a run: data, model and training fields, their checks, presets and recipes."""
