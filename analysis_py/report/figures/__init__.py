"""The drawing of figures: shapes and colours; what is drawn is handed in."""
