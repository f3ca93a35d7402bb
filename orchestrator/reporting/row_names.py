"""What the rows of a method are called that has several, one for each point of its front."""


def name_of(label: str, place: int) -> str:
    """Returns what the row of a method's finalist in that place is called: "npo", "npo (2)"."""
    return label if place == 1 else f"{label} ({place})"


def method_of(name: str) -> str:
    """Returns the label of the method whose row that is; a label has no parentheses."""
    return name.partition(" (")[0]
