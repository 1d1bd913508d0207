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
        check_operators(_operators(where))
        return _Binding(values).condition(where)
    except ExpressionError as error:
        raise ValidationFailed(str(error)) from error


def path_of(reference: Reference) -> Path:
    """A path whose wildcards were refused."""
    return Path(tuple(part for part in reference.parts if part is not None))


def _operators(where: Expression) -> int:
    """How many operators and functions there are, however they nest; counted without recursion, so that what follows may recurse."""
    count = 0
    pending: list[Expression] = [where]
    while pending:
        node = pending.pop()
        if isinstance(node, Operation):
            count += max(1, len(node.operands) - 1) if node.operator in ("AND", "OR") else 1
            pending += node.operands
        elif isinstance(node, Call):
            count += 1
            pending += node.arguments
        elif isinstance(node, IsType):
            count += 1
            pending.append(node.subject)
        elif isinstance(node, Collection):
            pending += node.members
        elif isinstance(node, Struct):
            pending += [part for member in node.members for part in member]
    return count


class _Binding:
    def __init__(self, values: Values) -> None:
        self._values = values

    def condition(self, node: Expression) -> Condition:
        """A node that must be a condition."""
        if isinstance(node, Operation):
            return self._operation(node)
        if isinstance(node, IsType):
            return self._type_test(node)
        if isinstance(node, Call):
            return self._checked(self._call(node))
        raise ValidationFailed("WHERE clause must contain an expression that resolves to a boolean")

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
        if operator in _COMPARATORS:
            left, right = (self._operand(operand) for operand in node.operands)
            return self._checked(Compare(operator, left, right))
        if operator == "BETWEEN":
            return self._checked(Between(*(self._operand(operand) for operand in node.operands)))
        if operator == "IN":
            return self._checked(self._in(*node.operands))
        raise ValidationFailed(f"Unsupported operator in Condition Expression. Operator: {operator}")

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
        if isinstance(node, Reference):
            if None in node.parts:
                raise ValidationFailed("Wildcard path component like a[*].b are not supported")
            return path_of(node)
        if isinstance(node, Call) and node.name == "size":
            return self._call(node)
        if is_condition(node):
            return Truth(self.condition(node))
        if isinstance(node, Operation):
            raise ValidationFailed(f"Unsupported operator in Condition Expression. Operator: {node.operator}")
        if isinstance(node, Constant) and node.kind == "MISSING":
            raise ValidationFailed("MISSING must be compared using IS operator")
        if isinstance(node, Star):
            located("Unsupported token in expression: *", self._values.text, node.span)
        return self._values.required(node)

    def _checked(self, condition: Condition) -> Condition:
        check_operands(condition)
        return condition
