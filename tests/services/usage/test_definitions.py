"""Each line of the dictionaries of usage is a number that the code can answer."""

from services.usage.definitions import adoption as adoption_definitions
from services.usage.definitions import journeys as journeys_definitions
from shared.vocabulary.definition import Definition


def test_every_line_has_a_name_of_its_own():
    lines = {**adoption_definitions.ADOPTION, **journeys_definitions.JOURNEYS}
    modules = (vars(adoption_definitions), vars(journeys_definitions))
    names = [each for module in modules for each in module.values() if isinstance(each, Definition)]
    assert sorted(each.id for each in names) == sorted(lines)
