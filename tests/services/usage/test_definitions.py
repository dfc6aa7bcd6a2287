"""Each line of the dictionaries of usage is a number that the code can answer."""

from services.usage.definitions import adoption, journeys
from shared.vocabulary.definition import Definition


def test_every_line_has_a_name_of_its_own():
    lines = {**adoption.ADOPTION, **journeys.JOURNEYS}
    modules = (vars(adoption), vars(journeys))
    names = [each for module in modules for each in module.values() if isinstance(each, Definition)]
    assert sorted(each.id for each in names) == sorted(lines)
