"""`python -m rhivo.testing.arrows [APP]`: the imports between an app's rooms, and whether they run in a circle.

A room is a folder of the app, or a module beside the folders. The layers in pyproject.toml are about whole apps.
"""

import sys
from graphlib import CycleError, TopologicalSorter

import grimp

LEFT_OUT = {"tests", "migrations"}  # a test follows a booking through every room


def arrows_of(app: str) -> dict[str, set[str]]:
    """Return each room of an app with the rooms that it imports."""
    graph = grimp.build_graph(app)
    found: dict[str, set[str]] = {}
    for module in graph.modules - {app}:
        for imported in graph.find_modules_directly_imported_by(module) - {app}:
            room, other = module.split(".")[1], imported.split(".")[1]
            if room != other and not {room, other} & LEFT_OUT:
                found.setdefault(room, set()).add(other)
    return found


def main(app: str = "bookings") -> int:
    """Print the number of arrows; return 1 and print the circle if there is one."""
    arrows = arrows_of(app)
    print(f"{sum(map(len, arrows.values()))} arrows between the rooms of {app}")
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        print("A circle: " + " < ".join(error.args[1]))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
