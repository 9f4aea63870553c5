"""The engine of VL-CLIP Studio: everything except the pages."""
