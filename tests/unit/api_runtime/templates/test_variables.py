"""$input, $util, $context with overrides, $stageVariables; choosing a template."""

from __future__ import annotations

import json

import pytest

from atoll.api_runtime.templates.budget import TemplateError
from atoll.api_runtime.templates.render import Overrides, Scope, for_request, for_response, render, render_in_turns

PHOTOS = {"photos": {"page": 1, "photo": [{"id": "12", "public": True}, {"id": "23", "ratio": 1.50}]}, "name": "it's"}
SCOPE = Scope(
    json.dumps(PHOTOS).encode(),
    {
        "path": {"id": "7", "both": "p"},
        "querystring": {"q": "a b", "both": "q"},
        "header": {"Accept": "*/*", "both": "h"},
    },
    {"stage": "prod"},
    {"v": "1"},
)


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("$input.body", json.dumps(PHOTOS)),
        ("$input.json('$.photos.photo[0]')", '{"id":"12","public":true}'),
        ("$input.json('$.name') $input.path('$.name') $input.json('name')", '"it\'s" it\'s "it\'s"'),
        ("$input.json('$.nothing')|$input.path('$.nothing')|$input.json('$.nothing.more')", '""||""'),
        ("#if($input.path('$.nothing') == '')empty#end", "empty"),
        ("$input.json('$..id') $input.json('$.photos.photo[*].id')", '["12","23"] ["12","23"]'),
        ("$input.path('$.photos.photo[1]')", "{id=23, ratio=1.5}"),
        ("$input.path('$.photos.photo')", '[{"id":"12","public":true},{"id":"23","ratio":1.5}]'),
        ("$input.path('$.photos.photo').size()", "2"),
        ("#foreach($p in $input.path('$.photos.photo'))$p.id,#end", "12,23,"),
        ("#foreach($k in $input.path('$').keySet())$k #end", "photos name "),
        ("$input.params('id') $input.params('q') $input.params('both') $input.params('accept')", "7 a b p */*"),
        ("[$input.params('nothing')]", "[]"),
        ("$input.params().querystring.get('q') $input.params().header.keySet()", "a b [Accept, both]"),
        ("$input.params().keySet()", "[path, querystring, header]"),
        ("$input.params('id').class $input.__class__ $input.methods $input.path", "   "),
        # $util
        ("$util.escapeJavaScript($input.path('$.name'))", "it\\'s"),
        ("""$util.escapeJavaScript('a"b\\c/d\u00e9')""", """a\\"b\\\\c\\/d\\u00E9"""),
        ("[$util.escapeJavaScript($nothing).replaceAll('a', 'b')]", "[]"),
        ("$util.parseJson('{\"a\": [1]}').a[0]", "1"),
        ("$util.urlEncode('a b&c*~é') $util.urlDecode('a+b%26')", "a+b%26c*%7E%C3%A9 a b&"),
        ("$util.base64Encode('héllo') $util.base64Decode('aGk=')", "aMOpbGxv hi"),
    ],
)
def test_input_and_util(template: str, written: str) -> None:
    assert render(template, SCOPE).text == written


def test_an_empty_body_is_an_empty_object() -> None:
    assert render("$input.body $input.json('$') $input.path('$') $input.json('$.a')", Scope()).text == '{} {} {} ""'


def test_a_body_that_is_no_json() -> None:
    assert render("$input.json('$') $input.body", Scope("a=1&b=2")).text == '"a=1&b=2" a=1&b=2'
    with pytest.raises(TemplateError):
        render("$input.json('$')", Scope('{"a":'))
    assert render("no use of it", Scope('{"a":')).text == "no use of it"


def test_the_templates_changes_do_not_reach_the_body_or_whoever_called() -> None:
    scope = Scope('{"a": {}}', {}, {"identity": {"sourceIp": "x"}}, {"v": "1"})
    template = (
        "#set($context.stage = 2)$context.identity.put('a', 1)$stageVariables.put('v', 2)#set($b = $input.path('$'))"
    )
    template += "#set($b.a.c = 1)$input.json('$') $b $input.path('$')"
    assert render(template, scope).text == '1{"a":{}} {a={c=1}} {a={c=1}}'
    assert scope.context == {"identity": {"sourceIp": "x"}}
    assert scope.stage_variables == {"v": "1"}


def test_overrides_of_request_and_response() -> None:
    """docs: "Use a mapping template to override an API's request and response parameters and status codes"."""
    rendered = render(
        "#set($context.requestOverride.header.X-One = $input.params('id'))"
        "#set($context.requestOverride.querystring['q'] = 5)#set($context.requestOverride.path.itemId = 'x')"
        "#set($context.responseOverride.status = 400)#set($context.responseOverride.header.Access-Control-Allow-Origin = '*')"
        "$context.responseOverride.header.put('h', 'v')"
        "$context.responseOverride.status",
        SCOPE,
    )
    assert rendered.text == "400"
    assert rendered.request == Overrides({"X-One": "7"}, {"q": "5"}, {"itemId": "x"})
    assert rendered.response == Overrides({"Access-Control-Allow-Origin": "*", "h": "v"}, status=400)
    for status in ("'x'", "99", "1000", "$nothing", "[]", "{'a': 1}"):
        assert render(f"#set($context.responseOverride.status = {status})", SCOPE).response.status is None
    assert (
        render("#set($context.responseOverride = 1)#set($context.requestOverride = $nothing)", SCOPE).response
        == Overrides()
    )


def test_the_passthrough_template_of_the_console() -> None:
    template = """#set($allParams = $input.params())
{
"body-json" : $input.json('$'),
"params" : {
#foreach($type in $allParams.keySet())
    #set($params = $allParams.get($type))
"$type" : {
    #foreach($paramName in $params.keySet())
    "$paramName" : "$util.escapeJavaScript($params.get($paramName))"
        #if($foreach.hasNext),#end
    #end
}
    #if($foreach.hasNext),#end
#end
},
"stage-variables" : {
#foreach($key in $stageVariables.keySet())
"$key" : "$util.escapeJavaScript($stageVariables.get($key))"
    #if($foreach.hasNext),#end
#end
}
}"""
    assert json.loads(render(template, SCOPE).text) == {
        "body-json": PHOTOS,
        "params": {place: dict(values) for place, values in SCOPE.params.items()},
        "stage-variables": {"v": "1"},
    }


async def test_rendering_in_turns_gives_the_same() -> None:
    template = "#foreach($i in [1..1000])#foreach($j in [1..5])$j#end#end" + " " * 5000
    assert await render_in_turns(template, SCOPE) == render(template, SCOPE)


def test_the_template_is_chosen_by_content_type() -> None:
    templates = {"application/json": "j", "text/plain": "t", "application/json;charset=utf-8": "u"}
    assert for_request(templates, None) == "j"
    assert for_request(templates, "text/plain; charset=utf-8") == "t"
    assert for_request(templates, "application/json;charset=utf-8") == "u"
    assert for_request(templates, "APPLICATION/JSON; x=y") == "j"
    assert for_request(templates, "application/xml") is None
    assert for_response(templates, "application/xml, text/plain;q=0.5") == ("text/plain", "t")
    assert for_response(templates, "*/*") == ("application/json", "j")
    assert for_response({"text/html": None}, None) == ("text/html", None)
    assert for_response({}, None) is None


def test_the_photos_example_of_the_developer_guide() -> None:
    """docs: "Mapping template examples", photos: an array of objects made smaller, and its inverse made of single members."""
    photos = {
        "photos": {
            "page": 1, "pages": "1234", "total": "123398",
            "photo": [
                {"id": "12345678901", "owner": "23456789@A12", "title": "Sample photo 1", "ispublic": 1, "isfriend": 0},
                {"id": "23456789012", "owner": "34567890@B23", "title": "Sample photo 2", "ispublic": 1, "isfriend": 0},
            ],
        }
    }  # fmt: skip
    template = """#set($inputRoot = $input.path('$'))
{
  "photos": [
#foreach($elem in $inputRoot.photos.photo)
    {
      "id": "$elem.id",
      "owner": "$elem.owner",
      "title": "$elem.title",
      "ispublic": $elem.ispublic,
      "isfriend": $elem.isfriend
    }#if($foreach.hasNext),#end

#end
  ]
}"""
    written = render(template, Scope(json.dumps(photos))).text
    assert json.loads(written) == {"photos": photos["photos"]["photo"]}


def test_a_function_of_the_whole_requests_headers() -> None:
    """The macro that the Serverless Framework puts before every Lambda integration."""
    template = """
#define( $loop )
  {
  #foreach($key in $map.keySet())
      #set( $k = $util.escapeJavaScript($key) )
      #set( $v = $util.escapeJavaScript($map.get($key)).replaceAll("\\\\'", "'") )
      "$k":
        "$v"
        #if( $foreach.hasNext ) , #end
  #end
  }
#end
{
  #set( $body = $input.json("$") )
  "body": $body,
  #set( $map = $input.params().header )
  "headers": $loop,
  #set( $map = $input.params().querystring )
  "query": $loop,
  #set( $map = $stageVariables )
  "stageVariables": $loop
}"""
    assert json.loads(render(template, SCOPE).text) == {
        "body": PHOTOS,
        "headers": {"Accept": "*/*", "both": "h"},
        "query": {"q": "a b", "both": "q"},
        "stageVariables": {"v": "1"},
    }
    quoted = Scope("{}", {"header": {"X": "it's"}}, {}, {})
    assert json.loads(render(template, quoted).text)["headers"] == {"X": "it's"}
