"""The estimators of the published cohort side by side, as the page, the terminal and a program are told of them."""
