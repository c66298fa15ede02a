"""Message texts that never end, or take all memory."""

HEAD = "Subject: x\n\n"
HOSTILE = {
    "nested loops": "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}",
    "a long text": "{{ 'x' * 10**9 }}",
    "a text that doubles": "{% set n = namespace(t='x') %}{% for a in range(60) %}{% set n.t = n.t*2 %}{% endfor %}",
    "a huge power": "{{ 9 ** (9 ** 9) }}",
    "a list": "{{ ([0] * 10**9)|length }}",
    "a filter that allocates": "{{ 'x'|center(10**9) }}",
    "a format that allocates": "{{ '%*d'|format(10**9, 1) }}",
    "much output": "{% for a in range(90000) %}{{ 'x' * 9000 }}{% endfor %}",
    "itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "a replacement that multiplies": "{{ ('a' * 9999)|replace('a', 'a' * 99999) }}",
    "a product": "{{ (range(99999)|list * 99999)|length }}",
}
