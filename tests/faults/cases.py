"""All cases: each module registers its own."""

import clocks  # noqa: F401
import isolation  # noqa: F401
import outages  # noqa: F401
import overload  # noqa: F401
import replicas  # noqa: F401
import simulated  # noqa: F401
import storage  # noqa: F401
