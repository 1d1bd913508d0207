"""WHERE clauses as the condition trees that all of DynamoDB's expressions come to (`expressions/nodes.py`). Pure.

docs: Developer Guide, "PartiQL functions for DynamoDB", "PartiQL arithmetic, comparison, and logical operators for DynamoDB".
"""

from __future__ import annotations

from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb.expressions.lexer import ExpressionError
from atoll.services.dynamodb.expressions.nodes import (
    Between,
    Compare,
    Condition,
    Function,
    In,
    Literal,
    Logical,
    Not,
    Operand,
    Path,
    Truth,
)
from atoll.services.dynamodb.expressions.operand_rules import check_operands
from atoll.services.dynamodb.expressions.parser import MAX_IN
from atoll.services.dynamodb.expressions.reader import FUNCTIONS, check_operators
from atoll.services.dynamodb.partiql.lexer import located
from atoll.services.dynamodb.partiql.parser import is_condition
from atoll.services.dynamodb.partiql.tree import (
    Call,
    Collection,
    Constant,
    Expression,
    IsType,
    Operation,
    Reference,
    Star,
    Struct,
)
from atoll.services.dynamodb.partiql.values import Values

Inner = Operation | Call | IsType
_COMPARATORS = frozenset({"=", "<>", "<", "<=", ">", ">="})
_TYPES = {
    "NULL": "NULL",
    "BOOLEAN": "BOOL",
    "BOOL": "BOOL",
    "BLOB": "B",
    "STRING": "S",
    "NUMERIC": "N",
    "STRUCT": "M",
    "TUPLE": "M",
    "LIST": "L",
}
"""The types that IS tests for, beside MISSING."""


def bound_condition(where: Expression, values: Values) -> Condition:
    """The condition that a WHERE clause is with these parameters. Raises ValidationFailed."""
    try:
        nodes = _inner_first(where)
        check_operators(sum(map(_weight, nodes)))
        binding = _Binding(values)
        for node in nodes:
            binding.bind(node)
        return binding.condition(where)
    except ExpressionError as error:
        raise ValidationFailed(str(error)) from error


def path_of(reference: Reference) -> Path:
    """A path whose wildcards were refused."""
    return Path(tuple(part for part in reference.parts if part is not None))


def _inner_first(where: Expression) -> list[Inner]:
    """The operators, functions and tests in a WHERE clause: what is inside another comes before it, as in the text else."""
    found: list[Inner] = []
    pending: list[Expression] = [where]
    while pending:
        node = pending.pop()
        if isinstance(node, Inner):
            found.append(node)
            pending += _children(node)
    return found[::-1]


def _children(node: Inner) -> list[Expression]:
    if isinstance(node, IsType):
        return [node.subject]
    if isinstance(node, Call):
        return node.arguments
    if node.operator == "IN" and isinstance(node.operands[1], Collection):
        return [node.operands[0], *node.operands[1].members]
    return node.operands


def _weight(node: Inner) -> int:
    """How many operators a node is: of a chain there is one between every two conditions."""
    return len(node.operands) - 1 if isinstance(node, Operation) and node.operator in ("AND", "OR") else 1


class _Binding:
    """Makes conditions of nodes, each after what is inside it: so that no depth of a statement is one of the interpreter's stack."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._bound: dict[int, Condition] = {}

    def bind(self, node: Inner) -> None:
        """Makes the condition of a node. Raises ValidationFailed, ExpressionError."""
        if isinstance(node, Operation):
            self._bound[id(node)] = self._operation(node)
        elif isinstance(node, IsType):
            self._bound[id(node)] = self._type_test(node)
        else:
            self._bound[id(node)] = self._call(node)

    def condition(self, node: Expression) -> Condition:
        """The condition of a node that was bound and is one."""
        bound = self._bound[id(node)]
        if isinstance(bound, Function):
            check_operands(bound)
        return bound

    def _operation(self, node: Operation) -> Condition:
        operator = node.operator
        if operator in ("AND", "OR"):
            if not all(map(is_condition, node.operands)):
                raise ValidationFailed("The arguments to AND/OR must be Expressions")
            return Logical(operator, tuple([self.condition(operand) for operand in node.operands]))
        if operator == "NOT":
            (negated,) = node.operands
            if not is_condition(negated):
                raise ValidationFailed("The argument to NOT must be a Type or Expression")
            return Not(self.condition(negated))
        bound = self._comparison(node)
        check_operands(bound)
        return bound

    def _comparison(self, node: Operation) -> Condition:
        operator = node.operator
        if operator == "IN":
            return self._in(*node.operands)
        if operator == "BETWEEN":
            return Between(*[self._operand(operand) for operand in node.operands])
        if operator not in _COMPARATORS:
            raise ValidationFailed(f"Unsupported operator in Condition Expression. Operator: {operator}")
        left, right = node.operands
        return Compare(operator, self._operand(left), self._operand(right))

    def _in(self, subject: Expression, choices: Expression) -> In:
        if (
            not isinstance(choices, Collection)
            or not choices.members
            or isinstance(subject, (Constant, Collection, Struct))
        ):
            raise ValidationFailed(
                "IN operator must have a left hand argument of type Variable Reference and right hand argument of type Seq "
                "with at least one member"
            )
        if len(choices.members) > MAX_IN:
            raise ValidationFailed(
                f"The IN operator is provided with too many operands; number of operands: {len(choices.members)}"
            )
        return In(self._operand(subject), tuple([self._operand(one) for one in choices.members]))

    def _type_test(self, node: IsType) -> Condition:
        if not isinstance(node.subject, (Reference, Constant)):
            raise ValidationFailed("The left hand side argument to IS must be a Variable Reference, Literal, or Path")
        subject = self._operand(node.subject)
        if node.type == "MISSING":
            return Function("attribute_not_exists", (subject,))
        kind = _TYPES.get(node.type)
        if kind is None:
            raise ValidationFailed(
                f"Unsupported data type for IS operator: {node.type}. Supported data types are "
                "[MISSING, NULL, BOOLEAN, BLOB, STRING, NUMERIC, STRUCT, TUPLE, LIST]"
            )
        return Function("attribute_type", (subject, Literal("S", kind)))

    def _call(self, node: Call) -> Function:
        if node.name not in FUNCTIONS:
            located(f"Unrecognized function: {node.name}", self._values.text, node.span)
        return Function(node.name, tuple([self._operand(argument) for argument in node.arguments]))

    def _operand(self, node: Expression) -> Operand:
        """A node that must have a value; a condition's is true or false."""
        if isinstance(node, Inner):
            if is_condition(node):
                return Truth(self.condition(node))
            return self._size(node)
        if isinstance(node, Reference):
            if None in node.parts:
                raise ValidationFailed("Wildcard path component like a[*].b are not supported")
            return path_of(node)
        if isinstance(node, Constant) and node.kind == "MISSING":
            raise ValidationFailed("MISSING must be compared using IS operator")
        if isinstance(node, Star):
            located("Unsupported token in expression: *", self._values.text, node.span)
        return self._values.required(node)

    def _size(self, node: Inner) -> Function:
        """The one function that is no condition: what else has a value was refused when it was bound."""
        size = self._bound[id(node)]
        assert isinstance(size, Function)
        return size
