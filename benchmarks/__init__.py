"""`make bench`: what the product does in a second, as ratios against floors measured in the same run."""
