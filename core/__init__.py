"""The embedding engine behind VL-CLIP Studio: no screen in here."""
