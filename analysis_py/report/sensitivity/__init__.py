"""What was not measured: tipping points of an unmeasured cause, values missing not at random; from rows to the page."""
