"""Whoever writes a programme's texts is not whoever runs the machine: what a hostile template tries, it is refused."""

import pytest
from jinja2 import TemplateError

from shared.programme.message_text import SAMPLE, faults, render

HEAD = "Subject: Quá hạn\n\n"
HOSTILE = [
    "{{ officer.__class__ }}",
    "{{ officer['__class__'] }}",
    "{{ officer|attr('__class__') }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ '{0.__class__}'.format(officer) }}",
    "{{ items|groupby('__class__') }}",
    "{{ lipsum.__globals__['os'].popen('touch /tmp/kip-was-here').read() }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ officer() }}",
    "{{ officer.update({'name': 'x'}) }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% for number in range(10**9) %}x{% endfor %}",
    "{{ range(10**9)|list }}",
    "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
    "{{ 1 / 0 }}",
    "{{ officer.name.encode('x') }}",
    "{{ '{0} {1}'.format(1) }}",
]


@pytest.mark.parametrize("template", HOSTILE)
def test_a_hostile_template_is_refused_when_the_programme_is_loaded(template: str) -> None:
    assert [reason.partition(":")[0] for _, reason in faults(HEAD + template)] == ["fails on sample data"]


@pytest.mark.parametrize("template", HOSTILE)
def test_one_that_hides_from_the_samples_fails_as_a_template_when_it_is_used(template: str) -> None:
    macro, _, use = template.rpartition("{% endmacro %}")
    hidden = f"{HEAD}{macro}{'{% endmacro %}' if macro else ''}{{% if count == 23 %}}{use}{{% endif %}}text"
    assert list(faults(hidden)) == []
    with pytest.raises(TemplateError):
        render(hidden, {**SAMPLE, "count": 23})


def test_no_template_reaches_an_object_behind_a_name() -> None:
    text = render(HEAD + "{{ items|map(attribute='__class__')|list }}", SAMPLE).body
    assert text == "[Undefined, Undefined]\n"
