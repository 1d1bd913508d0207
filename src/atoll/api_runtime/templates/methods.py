"""What templates may ask of values: methods of Java's String, List, Map, Set, Map.Entry and numbers, by an allow-list. Nothing of
Python's own is within reach; what is not listed here is null, as a method that Java does not have. Pure but for the values themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from atoll.api_runtime.templates import patterns
from atoll.api_runtime.templates.budget import Budget, TemplateError
from atoll.api_runtime.templates.values import Entry, Vector, equal, number, text

Method = Callable[..., Any]


class Variable:
    """A value that is API Gateway's own (`$input`): its methods are a mapping by name, its properties likewise."""

    methods: Mapping[str, Method]
    properties: Mapping[str, Callable[[], Any]]


def member(subject: Any, name: str) -> Any:
    """`$subject.name`."""
    if isinstance(subject, Mapping):
        found = subject.get(name)
        return len(subject) == 0 if found is None and name == "empty" else found
    if isinstance(subject, Variable):
        read = subject.properties.get(name)
        return read() if read else None
    if isinstance(subject, Entry) and name in ("key", "value"):
        return getattr(subject, name)
    if isinstance(subject, (list, str)) and name == "empty":
        return len(subject) == 0
    return None


def indexed(subject: Any, index: Any, budget: Budget) -> Any:
    """`$subject[index]`."""
    if isinstance(subject, Mapping):
        return subject.get(text(index, budget))
    if isinstance(subject, list) and isinstance(index, int):
        return subject[_at(subject, index)]
    return None


def assign(subject: Any, key: Any, value: Any, budget: Budget) -> None:
    """`#set($subject.key = value)`."""
    if isinstance(subject, MutableMapping):
        subject[text(key, budget)] = value
    elif isinstance(subject, list) and isinstance(key, int):
        subject[_at(subject, key)] = value
    else:
        raise TemplateError(f"#set cannot set {text(key, budget):.100}")


def call(subject: Any, name: str, arguments: list[Any], budget: Budget) -> Any:
    """`$subject.name(arguments)`. Raises TemplateError where the method fails."""
    if isinstance(subject, Variable):
        method = subject.methods.get(name)
        if method is None:
            return None
        return _called(method, name, arguments)
    table = _table(subject)
    method = table.get(name) or _ANY.get(name)
    if method is None:
        return None
    if isinstance(subject, (str, list, Mapping)):
        budget.spend(1 + len(subject) // 512)
    return _called(method, name, [budget, subject, *arguments])


def _called(method: Method, name: str, arguments: list[Any]) -> Any:
    try:
        return method(*arguments)
    except TypeError:  # Java has no method for such arguments
        return None
    except (ValueError, IndexError, KeyError, OverflowError, AttributeError) as error:
        raise TemplateError(f"{name}: {error}") from error


def _table(subject: Any) -> Mapping[str, Method]:
    if isinstance(subject, str):
        return _STRING
    if isinstance(subject, list):
        return _LIST
    if isinstance(subject, Mapping):
        return _MAP
    if isinstance(subject, Entry):
        return _ENTRY
    return _NUMBER if number(subject) else {}


def _at(found: Any, index: int, *, end: int = 0) -> int:
    if isinstance(index, bool) or not isinstance(index, int):
        raise TypeError
    if not 0 <= index < len(found) + end:
        raise TemplateError(f"index {index} is out of range")
    return index


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


# text


def _substring(_: Budget, found: str, begin: int, end: int | None = None) -> str:
    last = _at(found, len(found) if end is None else end, end=1)
    if _at(found, begin, end=1) > last:
        raise TemplateError(f"substring: {begin} is behind {last}")
    return found[begin:last]


def _replace(budget: Budget, found: str, old: str, new: str) -> str:
    budget.spend(1, len(found) + found.count(_string(old)) * len(_string(new)))
    return found.replace(old, new)


def _concat(budget: Budget, found: str, other: str) -> str:
    budget.spend(1, len(found) + len(_string(other)))
    return found + other


def _index_of(_: Budget, found: str, other: Any, begin: int = 0) -> int:
    return found.find(chr(other) if isinstance(other, int) else _string(other), begin)


def _compare(_: Budget, found: str, other: str) -> int:
    for one, two in zip(found, _string(other), strict=False):
        if one != two:
            return ord(one) - ord(two)
    return len(found) - len(other)


_STRING: Mapping[str, Method] = {
    "length": lambda _, s: len(s),
    "isEmpty": lambda _, s: not s,
    "isBlank": lambda _, s: not s.strip(),
    "charAt": lambda _, s, i: s[_at(s, i)],
    "codePointAt": lambda _, s, i: ord(s[_at(s, i)]),
    "substring": _substring,
    "subSequence": _substring,
    "replace": _replace,
    "replaceAll": patterns.replace_all,
    "replaceFirst": patterns.replace_first,
    "matches": patterns.matches,
    "split": patterns.split,
    "concat": _concat,
    "toLowerCase": lambda _, s: s.lower(),
    "toUpperCase": lambda _, s: s.upper(),
    "trim": lambda _, s: s.strip("".join(map(chr, range(33)))),
    "strip": lambda _, s: s.strip(),
    "contains": lambda _, s, o: _string(o) in s,
    "startsWith": lambda _, s, o, i=0: s.startswith(_string(o), i),
    "endsWith": lambda _, s, o: s.endswith(_string(o)),
    "indexOf": _index_of,
    "lastIndexOf": lambda _, s, o: s.rfind(_string(o)),
    "equalsIgnoreCase": lambda _, s, o: isinstance(o, str) and s.casefold() == o.casefold(),
    "compareTo": _compare,
    "compareToIgnoreCase": lambda b, s, o: _compare(b, s.lower(), _string(o).lower()),
    "repeat": lambda b, s, n: (b.spend(1, len(s) * max(n, 0)), s * n)[1],
    "toCharArray": lambda _, s: Vector(s),
    "intern": lambda _, s: s,
}

# lists


def _add(_: Budget, found: list[Any], *arguments: Any) -> Any:
    if len(arguments) == 2:
        found.insert(_at(found, arguments[0], end=1), arguments[1])
        return None
    (value,) = arguments
    found.append(value)
    return True


def _add_all(budget: Budget, found: list[Any], values: list[Any]) -> bool:
    if not isinstance(values, list):
        raise TypeError
    budget.spend(len(values))
    found.extend(list(values))
    return bool(values)


def _find(budget: Budget, found: list[Any], value: Any) -> int:
    return next((index for index, one in enumerate(found) if _same(budget, one, value)), -1)


def _same(budget: Budget, one: Any, other: Any) -> bool:
    """Java's equals: values of different kinds are different."""
    if one is None or other is None:
        return one is other
    return _kind(one) is _kind(other) and equal(one, other, budget)


def _kind(value: Any) -> Mapping[str, Method] | type:
    return _table(value) or type(value)


def _remove(budget: Budget, found: list[Any], value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return found.pop(_at(found, value))
    index = _find(budget, found, value)
    if index >= 0:
        del found[index]
    return index >= 0


def _set(_: Budget, found: list[Any], index: int, value: Any) -> Any:
    before = found[_at(found, index)]
    found[index] = value
    return before


def _sub_list(_: Budget, found: list[Any], begin: int, end: int) -> Vector:
    return Vector(found[_at(found, begin, end=1) : _at(found, end, end=1)])


_LIST: Mapping[str, Method] = {
    "size": lambda _, s: len(s),
    "length": lambda _, s: len(s),  # of what split returns, which Velocity treats as a list
    "isEmpty": lambda _, s: not s,
    "get": lambda _, s, i: s[_at(s, i)],
    "set": _set,
    "add": _add,
    "addAll": _add_all,
    "remove": _remove,
    "clear": lambda _, s: s.clear(),
    "contains": lambda b, s, v: _find(b, s, v) >= 0,
    "containsAll": lambda b, s, vs: all(_find(b, s, v) >= 0 for v in vs),
    "indexOf": _find,
    "subList": _sub_list,
    "iterator": lambda _, s: s,
    "toArray": lambda _, s: Vector(s),
}

# maps


def _put(budget: Budget, found: dict[str, Any], key: Any, value: Any) -> Any:
    name = text(key, budget)
    before = found.get(name)
    found[name] = value
    return before


def _put_all(budget: Budget, found: dict[str, Any], values: Mapping[str, Any]) -> None:
    if not isinstance(values, Mapping):
        raise TypeError
    budget.spend(len(values))
    found.update(values)


_MAP: Mapping[str, Method] = {
    "size": lambda _, s: len(s),
    "isEmpty": lambda _, s: not s,
    "get": lambda b, s, k: s.get(text(k, b)),
    "getOrDefault": lambda b, s, k, d: s.get(text(k, b), d),
    "put": _put,
    "putIfAbsent": lambda b, s, k, v: s.setdefault(text(k, b), v),
    "putAll": _put_all,
    "remove": lambda b, s, k: s.pop(text(k, b), None),
    "clear": lambda _, s: s.clear(),
    "containsKey": lambda b, s, k: text(k, b) in s,
    "containsValue": lambda b, s, v: _find(b, list(s.values()), v) >= 0,
    "keySet": lambda b, s: (b.spend(len(s) // 64), Vector(s))[1],
    "values": lambda b, s: (b.spend(len(s) // 64), Vector(s.values()))[1],
    "entrySet": lambda b, s: (b.spend(len(s) // 64), Vector(map(Entry._make, s.items())))[1],
}
_ENTRY: Mapping[str, Method] = {"getKey": lambda _, s: s.key, "getValue": lambda _, s: s.value}
_NUMBER: Mapping[str, Method] = {
    "intValue": lambda _, s: int(s),
    "longValue": lambda _, s: int(s),
    "doubleValue": lambda _, s: float(s),
    "floatValue": lambda _, s: float(s),
    "compareTo": lambda _, s, o: (s > o) - (s < o),
    # Templates reach Integer's and Math's static methods by any number: `$n.parseInt("7")`.
    "parseInt": lambda _, s, o: int(_string(o)),
    "parseLong": lambda _, s, o: int(_string(o)),
    "parseDouble": lambda _, s, o: float(_string(o)),
    "valueOf": lambda _, s, o: int(_string(o)) if isinstance(s, int) else float(_string(o)),
}
_ANY: Mapping[str, Method] = {
    "toString": lambda b, s: text(s, b),
    "equals": lambda b, s, o: _same(b, s, o),
}
