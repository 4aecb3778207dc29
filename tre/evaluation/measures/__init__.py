"""How useful released figures are, held against exact ones.

Each module is one family of measures, pure, over arrays of shape (draws, cells): a
figure that was not shown is NaN. What they return has one number a draw, NaN where a
draw has nothing to measure.
"""
