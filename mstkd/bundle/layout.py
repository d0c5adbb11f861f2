"""Where the parts of a bundle lie in its folder: MONAI's names, but for the weights, which are no pickle."""

CONFIGS, MODELS, DOCS = "configs", "models", "docs"
INFERENCE, METADATA, WEIGHTS = "inference.json", "metadata.json", "model.safetensors"
