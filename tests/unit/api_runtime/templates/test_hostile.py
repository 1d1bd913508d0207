"""Templates of the hostile: they reach nothing, and they end soon."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.api_runtime.templates.budget import TemplateError
from atoll.api_runtime.templates.render import Scope, render, render_in_turns

SCOPE = Scope('{"a": [1, {"b": "x"}], "s": "text"}', {"path": {"p": "1"}}, {"stage": "prod"}, {"v": "1"})
_WORDS = [
    "$a", "$input", "$input.path('$')", "$util", "$context.responseOverride", "${", "}", "$!", "(", ")", "[", "]", "{", ":", ",", "'", '"',
    "#if(", "#else", "#end", "#set($a = ", "#foreach($a in ", "#macro(m $a)", "#m(", "#define($a)", "#stop", "#break", "#evaluate(", "##",
    "#*", "*#", "#[[", "]]#", "\\", "\n", " ", "1", "-2.5", "..", ".", "+", "*", "/", "%", "==", "&&", "||", "!", "null", "true",
    ".__class__", ".put('a', $a)", ".add($a)", ".replaceAll('(a*)*b', '$1')", ".split('')", ".get(0)", ".size()", ".repeat(9999)",
    "é\ud83d\ude00", "$input.json('$..[?(@.a)]')", "$context.requestOverride.header.x",
]  # fmt: skip


@settings(max_examples=400, deadline=None)  # hypothesis would measure the machine's time, not ours
@given(st.lists(st.sampled_from(_WORDS) | st.text(max_size=5), max_size=25).map("".join))
def test_any_text_renders_or_is_refused(template: str) -> None:
    began = time.thread_time()
    try:
        rendered = render(template, SCOPE)
    except TemplateError:
        return
    finally:
        assert time.thread_time() - began < 2
    assert "object at 0x" not in rendered.text
    assert "<class" not in rendered.text
    assert "<built-in" not in rendered.text


@pytest.mark.parametrize(
    "expression",
    [
        "$input.__class__", "$input._body", "$input.methods.get('json')", "$util.__init__", "$util.methods", "$context.__class__.__mro__",
        "$s.__class__", "$s.format('x')", "$s.encode()", "$s.class.forName('java.lang.Runtime')", "$s.getClass()", "$l.__len__()",
        "$l.sort()", "$m.items()", "$m.popitem()", "$n.__add__(1)", "$n.real", "$n.bit_length()", "$input.json.__globals__", "$e.__class__",
    ],
)  # fmt: skip
def test_nothing_of_pythons_own_is_within_reach(expression: str) -> None:
    given_ = "#set($s='s')#set($l=[1])#set($m={'a':1})#set($n=1)#foreach($e in $m.entrySet())#end"
    assert render(f"{given_}[{expression}]", SCOPE).text == "[]"


@pytest.mark.parametrize(
    "template",
    [
        "#foreach($a in [1..1000])#foreach($b in [1..1000])#foreach($c in [1..1000])x#end#end#end",
        "#macro(m)#m()#end#m()",
        "#macro(m)#foreach($i in [1..1000])#m()#end#end#m()",
        "#define($a)$a#end$a",
        "#set($t = '#evaluate($t)')#evaluate($t)",
        "#set($a = 'xxxxxxxxxx')" + '#set($a = "$a$a$a$a$a$a$a$a$a$a")' * 20 + "$a",
        "#set($a = [1])" + "#set($a = [$a, $a])" * 40 + "$a",
        "#set($a = [1])#set($b = [1])" + "#set($a = [$a, $a])#set($b = [$b, $b])" * 40 + "#if($a == $b)x#end",
        "#set($a = [])#set($x = $a.add($a))$a",
        "#set($a = {})#set($a.a = $a)$a",
        "#set($a = 'a').repeat(100000000)$a.repeat(100000000)",
        "#set($a = 9)" + "#set($a = $a * $a)" * 60 + "$a",
        "#foreach($i in [1..1000])$input.params().put($i, '" + "x" * 20_000 + "')" + "y" * 20_000 + "#end",
        "#set($a = [1..100000000])$a",
        "#set($a = '" + "a" * 5_000 + "b')$a.matches('(a|aa)+')",
        "#set($a = '" + "a" * 50 + "b')$a.replaceAll('(a|a?)+$', 'x')",
        "#set($a = '" + "a" * 40 + "')$a.matches('" + "(" * 600 + ")" * 600 + "')" * 1 + "#set($b.c = 1)",
        "#set($x = " + "[$a.b(" * 200 + "1" + ")]" * 200 + ")",
        "(" * 10_000 + "#if(" * 10_000,
        "#if(true)" * 10_000 + "#end" * 10_000,
        "#set($x = " + "!" * 100_000 + "true)",
        "x" * (300 * 1024 + 1),
    ],
)  # fmt: skip
def test_what_does_too_much_is_refused_soon(template: str) -> None:
    began = time.thread_time()
    with pytest.raises(TemplateError):
        render(template, SCOPE)
    assert time.thread_time() - began < 10


@pytest.mark.parametrize(
    "piece",
    [
        "$ ",
        "$",
        "#*",
        "#[[",
        '$a["',
        "\\$",
        "$a[",
        "#set($a=1)",
        '"',
        "$a.b",
        "#foreach($a in $b)#end",
        "\\",
        "${a}",
        "#",
        "##x\n",
        "#if($a)#else#end",
        "$a.b[0].c(1)",
    ],
)
def test_parsing_takes_time_in_proportion_to_the_text(piece: str) -> None:
    template = piece * (100_000 // len(piece))
    began = time.thread_time()
    with contextlib.suppress(TemplateError):
        render(template, Scope())
    assert time.thread_time() - began < 10


@pytest.mark.parametrize(
    "template",
    [
        "#foreach($a in [1..300])#foreach($b in [1..100])#if($b == 7)$a#end#end#end",
        "#set($a = [1])" + "#set($a = [$a, $a])" * 14 + "$a",
        "#set($s = 'ab')$s.repeat(500000).replace('a', 'c').length()",
        "#if(true)x#end" * 10_000,
    ],
)
async def test_a_long_rendering_lets_others_have_their_turn(template: str) -> None:
    longest = 0.0
    done = False

    async def watch() -> None:
        nonlocal longest
        while not done:
            began = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - began)

    expected = render(template, SCOPE)
    watcher = asyncio.create_task(watch())
    await asyncio.sleep(0)
    assert await render_in_turns(template, SCOPE) == expected
    done = True
    await watcher
    assert longest < 0.005  # CPU time of the event loop's thread: two milliseconds, on a machine that others use too


async def test_many_small_costs_add_up() -> None:
    """Neither texts that are kept nor regular expressions that just end in time get around the budget."""
    hoard = "#set($l = [])#foreach($i in [1..1000])$l.add($s.repeat(9999999))#end"
    slow = (
        "#set($s = '"
        + "a" * 18
        + "b')"
        + "#foreach($i in [1..1000])#foreach($j in [1..1000])$s.matches('(a|aa)+')#end#end"
    )
    for template in (
        f"#set($s = 'x'){hoard}",
        slow,
        "#set($l = [1])" + "#set($l = [$l, $l])" * 40 + "#set($m = {})#set($m[$l] = 1)",
    ):
        began = time.thread_time()
        with pytest.raises(TemplateError):
            render(template, SCOPE)
        assert time.thread_time() - began < 20
