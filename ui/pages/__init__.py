"""One module per page; each has ``build(studio)``, called inside its route."""
