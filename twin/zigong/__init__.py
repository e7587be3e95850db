"""Generated data in the shape of the Zigong database: seven files, and beside them what the study must find.

Every patient is made up by a random number generator. Nothing in it is evidence about a drug or a disease.
"""
