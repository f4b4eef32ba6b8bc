"""What may be asked: exactly one SELECT, over the views of `analytics`, with functions that only calculate.

It is the first of several walls. It says no to everything it does not know: DuckDB parses the question and tells the
tree, and each object of the tree has to be of a kind listed here. So what a new DuckDB adds is refused until somebody
has looked at it.
"""

import json
import re
from functools import cache
from graphlib import TopologicalSorter
from typing import Any

import duckdb

from core.analysts.limits import LONGEST, TOO_WORDY
from core.errors import Invalid
from core.shipped import shipped

MOST_COMMENTS = 500  # the time of DuckDB's parser grows with the square of their number
MOST_QUERIES = 1_000  # and views, once every CTE stands where it is read: 14 CTEs that each read the one before twice keep
# DuckDB 1.5.5 planning for 10 s and 1.2 GB, which neither an interrupt nor its memory limit ends
ITSELF = -1  # in place of the number of a CTE: a recursive one, in its own query
LONGEST_SAID = 600  # characters of what is repeated in a refusal
LINE = 100  # characters of the line at fault

# The views of `analytics` are in `main` too, where names without a schema are looked up.
PARSE = """
SELECT json_serialize_sql(?::VARCHAR),
       (SELECT list(lower(schema_name || '.' || view_name)) FROM duckdb_views()
        WHERE NOT internal AND schema_name IN ('analytics', 'main'))
"""

QUERIES = frozenset(("SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE"))
TABLES = frozenset(
    ("BASE_TABLE", "TABLE_FUNCTION", "SHOW_REF", "SUBQUERY", "JOIN", "EMPTY", "EXPRESSION_LIST", "PIVOT")
)
MODIFIERS = frozenset(("ORDER_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "DISTINCT_MODIFIER"))
ORDERS = frozenset(("ORDER_DEFAULT", "ASCENDING", "DESCENDING"))
TYPES = frozenset(f"{kind}_TYPE_INFO" for kind in ("ARRAY", "DECIMAL", "LIST", "STRUCT", "UNBOUND"))
KNOWN = QUERIES | TABLES | MODIFIERS | ORDERS | TYPES
EXPRESSIONS = frozenset(
    (
        "BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION", "LAMBDA",
        "OPERATOR", "PARAMETER", "POSITIONAL_REFERENCE", "STAR", "SUBQUERY", "WINDOW",
    )
)  # fmt: skip
DESCRIPTIONS = frozenset(("DESCRIBE", "SUMMARY"))
# Beginnings of all of DuckDB's own relations that can be named without a schema.
SYSTEM = ("duckdb_", "pg_", "pragma_", "sqlite_")
# DuckDB takes a column that is not there for a function of this name.
SESSION = frozenset(("current_catalog", "current_role", "current_schema", "current_user", "session_user"))

FIRST_WORD = re.compile(r"(?:[\s;(]|--[^\n]*+|/\*.*?\*/)*+(\w+)", re.DOTALL)
TOO_DEEP = ("Max expression depth", "memory exhausted")  # how DuckDB's parser says it


@cache
def functions(section: str) -> frozenset[str]:
    """The names in one section of functions.txt: `functions`, `table functions` or `refused`."""
    _, _, text = shipped("core.analysts", "functions.txt").partition(f"[{section}]\n")
    lines = text.partition("\n[")[0].splitlines()
    return frozenset(name for line in lines if not line.startswith("# ") for name in line.split())


def check(connection: duckdb.DuckDBPyConnection, question: str) -> None:
    """Refuse the question unless it is one SELECT that reads views of `analytics` and calls listed functions.

    The connection only parses. Errors: `Invalid` (field `sql`) with the reason.
    """
    if len(question) > LONGEST:
        raise _refused(TOO_WORDY, characters=LONGEST)
    if "\0" in question or any("\ud800" <= each <= "\udfff" for each in question):
        raise _refused("The question has characters in it that are not text.")
    if question.count("/*") > MOST_COMMENTS:
        raise _refused("The question has more than {comments} comments.", comments=MOST_COMMENTS)
    ((said, views),) = connection.execute(PARSE, [question]).fetchall()
    try:
        tree = json.loads(said)
    except RecursionError:
        raise _too_deep() from None
    if tree["error"]:
        raise _not_a_question(question, tree)
    if not tree["statements"]:
        raise _refused("There is no question: write a SELECT.")
    if len(tree["statements"]) > 1:
        raise _refused("Only one SELECT can be asked at a time.")
    _walk(tree["statements"][0]["node"], frozenset(views or ()))


def _walk(tree: dict[str, Any], views: frozenset[str]) -> None:
    """Look at every object of the tree, knowing which CTEs can be named at its place.

    A name counts as a CTE's at no place where DuckDB could take it for something else: it is not known in its own query
    (but in the right side of a recursive one), nor in those before, nor outside of the query that defines it.
    """
    sizes = [0]  # queries and views in the question itself, which is number 0, and in each CTE
    reads: list[list[int]] = [[]]  # and which CTEs it reads, by their numbers
    waiting: list[tuple[Any, dict[str, int], int]] = [(tree, {}, 0)]
    while waiting:
        node, ctes, within = waiting.pop()
        if isinstance(node, list):
            waiting.extend((each, ctes, within) for each in node)
            continue
        if not isinstance(node, dict):
            continue
        kind = _kind(node)
        parts = node
        if kind in QUERIES:
            sizes[within] += 1
            parts = node | {"cte_map": None}
            for cte in node["cte_map"]["map"]:
                waiting.append((cte["value"], ctes, len(sizes)))
                ctes = ctes | {_cte(cte["key"]): len(sizes)}
                sizes.append(0)
                reads.append([])
                if len(sizes) > MOST_QUERIES:
                    raise _too_many()
            if kind == "RECURSIVE_CTE_NODE":
                waiting.append((parts.pop("right"), ctes | {_cte(node["cte_name"]): ITSELF}, within))
        elif kind == "TABLE_FUNCTION":
            _table_function(node["function"])
            waiting.extend((part, ctes, within) for part in node["function"].values())
            parts = node | {"function": None}
        elif kind == "BASE_TABLE":
            read = _table(node, ctes, views)
            if read is None:
                sizes[within] += 1
            elif read != ITSELF:
                reads[within].append(read)
        else:
            _look_at(node, kind)
        waiting.extend((part, ctes, within) for part in parts.values())
    for number in TopologicalSorter(dict(enumerate(reads))).static_order():
        sizes[number] += sum(sizes[read] for read in reads[number])
    if max(sizes) > MOST_QUERIES:
        raise _too_many()


def _kind(node: dict[str, Any]) -> str:
    """What an object is; '' where it only holds others. What may not be there at all is refused."""
    if "class" in node:
        if node["class"] not in EXPRESSIONS:
            raise _refused("{part} cannot be used here.", part=node["class"])
        return f"{node['class']} expression"
    kind = node.get("type")
    if not isinstance(kind, str):
        if "function_name" in node or "table_name" in node or "cte_map" in node:
            raise _refused("{part} cannot be used here.", part="This part of the question")
        return ""
    if kind not in KNOWN:
        raise _refused("{part} cannot be used here.", part=kind)
    return kind


def _look_at(node: dict[str, Any], kind: str) -> None:
    match kind:
        case "SHOW_REF":
            if node["show_type"] not in DESCRIPTIONS or not node["query"] or node["table_name"]:
                raise _refused("SHOW cannot be asked here: analytics.dictionary lists all views and columns.")
        case "FUNCTION expression" | "WINDOW expression":
            name = _lower(node["function_name"])
            if name not in functions("functions"):
                raise _refused("There is no function {name} here.", name=name)
            if node.get("export_state"):
                raise _refused("{part} cannot be used here.", part="EXPORT_STATE")
        case "PARAMETER expression":
            raise _refused("Write the values into the question: a parameter (? or $) has none here.")
        case "COLUMN_REF expression":
            if len(node["column_names"]) == 1 and _lower(node["column_names"][0]) in SESSION:
                raise _refused("There is no function {name} here.", name=node["column_names"][0])


def _table(node: dict[str, Any], ctes: dict[str, int], views: frozenset[str]) -> int | None:
    """The number of the CTE that is read here, or None: a view.

    A view has to be there: DuckDB takes `analytics.csv` for a file, and `analytics.x` for a variable of Python.
    """
    catalog, schema, name = (node[part] for part in ("catalog_name", "schema_name", "table_name"))
    if node["at_clause"]:
        raise _refused("AT cannot be used here: there is only the present.")
    if not catalog and not schema and _lower(name) in ctes:
        return ctes[_lower(name)]
    said = ".".join(part for part in (catalog, schema, name) if part)
    if catalog or _lower(schema) not in ("", "analytics", "main"):
        raise _refused("{name} cannot be read: only the views of schema analytics can.", name=said)
    if f"{_lower(schema) or 'main'}.{_lower(name)}" not in views:
        there = ", ".join(sorted(view for view in views if view.startswith("analytics.")))
        raise _refused("There is no {name} here. There are: {views}.", name=said, views=there)
    return None


def _table_function(function: dict[str, Any]) -> None:
    name = _lower(function.get("function_name", ""))
    if function["class"] != "FUNCTION" or function["schema"] or function["catalog"]:
        raise _refused("There is no function {name} here.", name=name)
    if name not in functions("table functions"):
        raise _refused("There is no function {name} here.", name=name)


def _cte(name: str) -> str:
    """The name of a CTE as DuckDB compares it. None hides a relation of DuckDB's own: one wall more."""
    name = _lower(name)
    if name.startswith(SYSTEM):
        raise _refused("Call it something else than {name}: DuckDB has its own of this kind.", name=name)
    return name


def _lower(name: str) -> str:
    """In lower case as DuckDB sees it: only in ASCII. Python's own takes the Kelvin sign for a k."""
    return name.encode().lower().decode()


def _not_a_question(question: str, said: dict[str, Any]) -> Invalid:
    """Why there is no tree: it is another statement, or not SQL."""
    if any(words in said["error_message"] for words in TOO_DEEP):
        return _too_deep()
    if said["error_type"] != "parser":
        if not said["error_message"].startswith("Only SELECT"):
            return _refused("{error}", error=said["error_message"])
        first = FIRST_WORD.match(question)
        word = first[1].upper() if first else ""
        if word in ("SELECT", "WITH", "FROM", "VALUES", "TABLE", "PIVOT"):
            if re.search(r"\bpivot", question, re.IGNORECASE):
                return _refused(
                    "Say which columns PIVOT makes: PIVOT … ON category IN ('achieved', 'lost') USING …"
                )
            return _refused("Only one SELECT can be asked at a time.")
        return _refused("{statement} cannot be asked here: a question is one SELECT.", statement=word)
    error = f"Parser Error: {_short(said['error_message'])}"
    if "position" in said:
        error += "\n\n" + _place(question, int(said["position"]))
    return _refused("{error}", error=error)


def _place(question: str, position: int) -> str:
    """The line with a mark below, as DuckDB writes it; its own is elsewhere once there was a letter not in ASCII."""
    begin = question.rfind("\n", 0, position) + 1
    column = position - begin
    line = question[begin:].partition("\n")[0]
    cut = max(0, column - LINE // 2)
    head = f"LINE {question.count(chr(10), 0, begin) + 1}: {'...' if cut else ''}"
    tail = "..." if len(line) > cut + LINE else ""
    return f"{head}{line[cut : cut + LINE]}{tail}\n{' ' * (len(head) + column - cut)}^"


def _too_many() -> Invalid:
    return _refused(
        "The question comes to more than {queries} queries, once each CTE stands where it is read.",
        queries=MOST_QUERIES,
    )


def _too_deep() -> Invalid:
    return _refused("The question is too deeply nested.")


def _refused(message: str, **params: str | int) -> Invalid:
    short = {key: _short(value) if isinstance(value, str) else value for key, value in params.items()}
    return Invalid(message, field="sql", facts=None, **short)


def _short(text: str) -> str:
    half = LONGEST_SAID // 2
    return text if len(text) <= LONGEST_SAID else f"{text[:half]} … {text[-half:]}"
