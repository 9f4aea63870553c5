"""The compact models on a CPU with ONNX Runtime, where that is faster than PyTorch."""
