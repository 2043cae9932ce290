"""`python -m jetapp …`, the same as the console script."""

from jetapp.cli import main

main()
