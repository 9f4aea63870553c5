"""The Gradio pages: gather input, call one ``Studio`` method, lay out the answer."""
