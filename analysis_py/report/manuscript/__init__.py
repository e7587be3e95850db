"""The tables that a manuscript prints, in Word and LaTeX."""
