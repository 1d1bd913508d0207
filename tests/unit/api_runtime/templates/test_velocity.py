"""Velocity as API Gateway speaks it: directives, references, white space, methods."""

from __future__ import annotations

import pytest

from atoll.api_runtime.templates.budget import TemplateError
from atoll.api_runtime.templates.render import Scope, render


def rendered(template: str, body: str = "", **params: dict[str, str]) -> str:
    return render(
        template, Scope(body, params, {"stage": "prod", "identity": {"sourceIp": "1.2.3.4"}}, {"v": "1"})
    ).text


@pytest.mark.parametrize(
    ("template", "written"),
    [
        # references
        ("$context.stage ${context.stage}x $!context.stage $!{context.stage}", "prod prodx prod prod"),
        ("$nothing|$!nothing|${nothing}|$context.nothing.more", "|||"),
        ("${nothing|'other'}", "other"),
        ("costs $5.00, $ alone, 100%$", "costs $5.00, $ alone, 100%$"),
        ("$context.stage.", "prod."),
        ("$context.stage-x", ""),  # a hyphen belongs to the name
        ("${context.stage}-x", "prod-x"),
        ("$context.identity.sourceIp", "1.2.3.4"),
        ("$context['stage']", "prod"),
        ("$stageVariables.v", "1"),
        ("$context.stage[not an index]", "prod[not an index]"),
        (r"\$context.stage", "$context.stage"),
        (r"\\$context.stage", "\\prod"),
        (r"\$nothing", r"\$nothing"),
        # set
        ("#set($a = 'x')$a", "x"),
        ('#set($a = "<$context.stage>")$a', "<prod>"),
        ("#set($a = '<$context.stage>')$a", "<$context.stage>"),
        ('#set($a = "say ""hi""")$a', 'say "hi"'),
        ("#set($a = 'it''s')$a", "it's"),
        ("#set($a = {'k': [1, 2.5, true, null]})$a.k[1] $a", "2.5 {k=[1, 2.5, true, null]}"),
        ("#set($a = [1..3])$a #set($a = [3..1])$a", "[1, 2, 3][3, 2, 1]"),
        ("#set($a = {})#set($a.b = 1)#set($a['c'] = 2)$a", "{b=1, c=2}"),
        ("#set($a = [1,2])#set($a[0] = 9)$a", "[9, 2]"),
        # arithmetic and comparison
        ("#set($a = 7 / 2)$a #set($a = -7 / 2)$a #set($a = -7 % 3)$a #set($a = 2 + 3 * 4)$a", "3-3-114"),
        ("#set($a = 1 + 'x')$a", "1x"),
        ("#set($a = 7 / 0)[$!a]", "[]"),
        ("#set($a = 2.0 * 3)$a #set($a = 1.5 + 10000000000)$a", "6.01.00000000015E10"),
        ("#if(1 == '1' && 2 > 1 and !(3 le 2) || false)yes#end", "yes"),
        ("#if('a' < 'b')yes#{else}no#end", "no"),
        # truth is Velocity 1.7's
        ("#if('')a#end#if(0)b#end#if($nothing)c#end#if(false)d#end#if([])e#end", "abe"),
        ("#if($nothing == $other)same#end#if($nothing == '')no#end", "same"),
        ("#if(false)1#elseif(true)2#else 3#end", "2"),
        # foreach
        (
            "#foreach($i in ['a','b'])$foreach.index$foreach.count$velocityCount$i#if($foreach.hasNext),#end#end",
            "011a,122b",
        ),
        ("#foreach($i in {'a': 1, 'b': 2})$i#end", "12"),
        ("#set($m={'a': 1})#foreach($e in $m.entrySet())$e.key=$e.value $e.getKey()#end", "a=1 a"),
        ("#foreach($i in [1..9])#if($i == 3)#break#end$i#end.", "12."),
        ("#foreach($i in [1,2])#foreach($j in [1,2])$foreach.parent.count$foreach.count #end#end", "11 12 21 22 "),
        ("#set($i = 'kept')#foreach($i in [1])$i#end$i", "1kept"),
        ("#foreach($i in $nothing)x#end#foreach($i in 'text')y#end.", "."),
        ("#foreach($i in [1..2000])#if(!$foreach.hasNext || $foreach.count == 1000)$i#end#end", "1000"),
        # the rest
        ("a#stop b", "a"),
        ("#define($x)<$context.stage>#end$x$x", "<prod><prod>"),
        ("#define($x $y)<$y>#end$x(1)", "<>(1)"),
        ("#macro(two $x $y)$x:$y#end#two(1 'b')#two('c', 'd')#two(3)", "1:bc:d3:"),
        ("#nothere(1)", "#nothere(1)"),
        ("#set($t = '$context.stage')#evaluate($t)", "prod"),
        ("a## comment\nb#* more\n *#c#[[ $raw #if ]]#d", "abc $raw #if d"),
        ("#fff # #1 #{x} #", "#fff # #1 #{x} #"),
        (r"\#set($a = 1)", "#set( = 1)"),
        # white space
        ("a\n#if(true)  \n b\n#end\nc", "a\n b\nc"),
        ("{\n  #set($a = 1)\n  $a\n}", "{\n  1\n}"),
        ("a #set($x = 1) b", "a b"),
    ],
)
def test_directives_references_and_white_space(template: str, written: str) -> None:
    assert rendered(template) == written


@pytest.mark.parametrize(
    ("expression", "written"),
    [
        ("$s.length()", "11"),
        ("$s.substring(6) $s.substring(0, 5)", "World Hello"),
        ("$s.replace('o', '0')", "Hell0 W0rld"),
        ("$s.replaceAll('[eo]', '<$0>')", "H<e>ll<o> W<o>rld"),
        ("$s.replaceFirst('l', 'L')", "HeLlo World"),
        ("$s.split(' ')", "[Hello, World]"),
        ("$csv.split(',').size() $csv.split(',')[1] $csv.split(',', 2)[1]", "3 b b,c,,"),
        ("$csv.split('[,]')", "[a, b, c]"),
        ("$s.toLowerCase() $s.toUpperCase()", "hello world HELLO WORLD"),
        ("$s.contains('World') $s.startsWith('He') $s.endsWith('x')", "true true false"),
        ("$s.indexOf('o') $s.lastIndexOf('o') $s.indexOf('z')", "4 7 -1"),
        ("$s.equals('x') $s.equalsIgnoreCase('hello world')", "false true"),
        ("$s.matches('Hello.*') $s.matches('Hello')", "true false"),
        ("$s.concat('!') $s.charAt(0) $s.isEmpty() $s.empty", "Hello World! H false false"),
        ("$l.size() $l.get(0) $l[2] $l.contains('b') $l.indexOf('c') $l.isEmpty()", "3 a c true 2 false"),
        ("$l.add('d') $l.set(0, 'z') $l.remove(1) $l", "true a b [z, c, d]"),
        ("$m.size() $m.get('k') $m.containsKey('x') $m.keySet() $m.values()", "1 v false [k] [v]"),
        ("$m.put('n', 1) $m.getOrDefault('o', 5) $m.remove('k') $m", " 5 v {n=1}"),
        ("$m.putAll({'a': 'b'})$m", "{k=v, a=b}"),
        ("$n.toString() $n.equals(5) $n.equals('5') $n.intValue()", "5 true false 5"),
        ("$n.parseInt('7')", "7"),
        ("$s.noSuchMethod()|$s.length('x')|$l.noSuch", "||"),
    ],
)
def test_methods_of_javas_strings_lists_and_maps(expression: str, written: str) -> None:
    given = "#set($s='Hello World')#set($csv='a,b,c,,')#set($l=['a','b','c'])#set($m={'k':'v'})#set($n=5)"
    assert rendered(given + expression) == written


@pytest.mark.parametrize(
    "template",
    [
        "#if(true)",
        "#end",
        "#else",
        "#set($a)",
        "#set($a = )",
        "#set(a = 1)",
        "#if($a",
        "#foreach($a of $b)#end",
        "#set($a = 'open)",
        "${context.stage",
        "$a.b(",
        "#parse('x')",
        "#include('x')",
        "#set($nothing.x = 1)",
        "#foreach($e in {'a': 1}.entrySet())#end",
        "#set($a = [1])$a.get(1)",
        "#set($a = 'x')$a.substring(5)",
        "#set($a = 'x')$a.replaceAll('(', '')",
    ],
)
def test_bad_templates(template: str) -> None:
    with pytest.raises(TemplateError):
        rendered(template)
