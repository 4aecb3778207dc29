"""The environment, as stewards, researchers and programs meet it.

One module is one concern: `people`, `datasets`, `projects`, `questions`, `synthetic`,
`airlock`, `safekeeping`, `log` and `openness`; `acting` is what they share, `opened`
all of them together.
Methods raise `Refused` for what the rules do not allow, `Invalid` for a manifest,
source or file that is not right, and `Failed` for an admitted question that could
not be answered. `person` is who acts; None is the operator.
"""

from tre.environment.acting import OPERATOR
from tre.environment.opened import Environment, found
from tre.environment.safekeeping import Layer

__all__ = ["OPERATOR", "Environment", "Layer", "found"]
