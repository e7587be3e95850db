"""What the marts of the trial must say, and the risks that were planted."""
