"""The present of the database: what `<app>/sql/functions` and `<app>/sql/tables` say, and how it differs from the past.

An object file is plain SQL. One line of it may be a macro: `-- @tenant_table history=service` (see `_tenant_table`).
The past is what the plain RunSQL migrations leave when their statements are read in order. A statement has a key (what
it makes) and an undo; `changes` turns one state into another with them. Both directions come from the same function, so
a reverse cannot restate a body by hand.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.apps import apps
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunSQL

APPS = ("rhivo", "audit", "businesses", "notifications", "bookings")

TENANT_TABLE = re.compile(r"^-- @tenant_table\b(.*)$", re.MULTILINE)
# Options that write no SQL. They say what the policies and grants below the line are for; the tests hold them to it.
_TOLD_TO_TESTS = {"read_by", "edited_by"}

# A semicolon ends a statement, but for those in comments, in quoted text and in the bodies of functions ($$ … $$).
_TOKEN = re.compile(r"--[^\n]*|'(?:[^']|'')*'|(\$\w*\$).*?\1|;|[^-'$;]+|.", re.DOTALL)
_LEADING_COMMENTS = re.compile(r"(?:\s*--[^\n]*\n)*\s*")
# PostgreSQL knows a function by its arguments' types: a new default is no new function, and DROP takes none.
_DEFAULT = re.compile(r"\s+DEFAULT\s+[^,)]+")
_WORD = r"[\w.]+"
# What a statement makes, and what takes it away again; \1 is the first group. The first pattern that fits counts.
_KINDS = (
    (
        rf"CREATE OR REPLACE FUNCTION ({_WORD}\s*\(.*?\))\s+(RETURNS\s+(?:TABLE\s*\(.*?\)|SETOF \S+|\S+))",
        r"DROP FUNCTION \1",
    ),
    (rf"ALTER TABLE ({_WORD}) ENABLE ROW LEVEL SECURITY", r"ALTER TABLE \1 DISABLE ROW LEVEL SECURITY"),
    (rf"ALTER TABLE ({_WORD}) FORCE ROW LEVEL SECURITY", r"ALTER TABLE \1 NO FORCE ROW LEVEL SECURITY"),
    (rf"ALTER TABLE ({_WORD}) ADD CONSTRAINT ({_WORD})", r"ALTER TABLE \1 DROP CONSTRAINT \2"),
    (rf"CREATE POLICY ({_WORD}) ON ({_WORD})", r"DROP POLICY \1 ON \2"),
    (rf"CREATE TRIGGER ({_WORD})\s.*?\bON ({_WORD})", r"DROP TRIGGER \1 ON \2"),
    (rf"CREATE (?:UNIQUE )?INDEX ({_WORD})", r"DROP INDEX \1"),
    (rf"CREATE SEQUENCE ({_WORD})", r"DROP SEQUENCE \1"),
    (r"COMMENT ON (.*?) IS '.*", r"COMMENT ON \1 IS NULL"),
    (r"GRANT (.*) ON (.*) TO (.*)", r"REVOKE \1 ON \2 FROM \3"),
    (r"REVOKE (.*) ON (.*) FROM (.*)", r"GRANT \1 ON \2 TO \3"),
    (r"DO (.*)", ""),  # made for every database alike; nothing takes it away
)


class UnknownStatement(Exception):
    """An object file holds a statement that this module cannot take back; the message quotes it."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement without its semicolon, what it makes (`key`), and what takes that away again (`undo`)."""

    text: str
    key: str
    undo: str

    @classmethod
    def of(cls, text: str) -> "Statement":
        """Raises UnknownStatement."""
        for pattern, undo in _KINDS:
            if match := re.match(pattern, text, re.DOTALL):
                making = _DEFAULT.sub("", match[0]) if "FUNCTION" in pattern else match[0]
                return cls(text, _one_line(making), _DEFAULT.sub("", _one_line(match.expand(undo))))
        raise UnknownStatement(f"No way back is known from: {text[:200]}")

    @property
    def function(self) -> str:
        """The name of the function that is made; '' for anything else."""
        match = re.match(rf"CREATE OR REPLACE FUNCTION ({_WORD})", self.text)
        return match[1] if match else ""

    def calls(self, functions: Iterable[str]) -> bool:
        """Tell whether one of these functions must exist for it: policies, triggers, grants."""
        # A function's body is text to PostgreSQL. It records no dependency on what the body calls, so a function can be
        # dropped under its callers, and they find the new one when they run.
        return not self.function and any(re.search(rf"\b{name}\s*\(", self.text) for name in functions)


State = dict[str, Statement]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def statements(script: str) -> Iterator[str]:
    """Yield the statements of a script without semicolons and without the comments before them."""
    begun = ""
    for token in _TOKEN.finditer(script + ";"):
        if token[0] != ";":
            begun += token[0]
            continue
        if text := _LEADING_COMMENTS.sub("", begun + "\n", count=1).strip():
            yield text
        begun = ""


def _tenant_table(table: str, history: str = "", secret: str = "") -> str:
    """Return what every tenant table has: row security that binds its owner too, and a history without secrets.

    Under FORCE the schema's owner would see no row either: triggers that run as the owner would count nothing.
    """
    arguments = ", ".join(f"'{argument}'" for argument in [history, *filter(None, secret.split(","))])
    trigger = f"""
        CREATE TRIGGER after_change AFTER INSERT OR UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION row_writes_history({arguments});
    """
    return f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY owner_sees_all ON {table} TO rhivo_owner USING (true) WITH CHECK (true);
        {trigger if history else ""}
    """


def _read(file: Path) -> str:
    """Return an object file's SQL, its macro written out."""

    def written_out(macro: re.Match[str]) -> str:
        options = dict(option.split("=") for option in macro[1].split())
        return _tenant_table(file.stem, **{name: options[name] for name in options.keys() - _TOLD_TO_TESTS})

    return TENANT_TABLE.sub(written_out, file.read_text())


def present(app: str) -> State:
    """Return what an app's object files say: functions first, since policies and triggers call them."""
    folder = Path(apps.get_app_config(app).path) / "sql"
    files = [
        *sorted(folder.glob("*.sql")),
        *sorted(folder.glob("functions/*.sql")),
        *sorted(folder.glob("tables/*.sql")),
    ]
    # Sorted, so that the same objects give the same migration on every machine.
    found = (Statement.of(text) for file in files for text in statements(_read(file)))
    return {statement.key: statement for statement in found}


def past(app: str) -> State:
    """Return what an app's migrations leave."""
    graph = MigrationLoader(None, ignore_no_migrations=True).graph
    state: State = {}
    for leaf in graph.leaf_nodes(app):
        for node in graph.forwards_plan(leaf):
            if node[0] == app:
                for operation in graph.nodes[node].operations:
                    if isinstance(operation, RunSQL):
                        _replay(state, str(operation.sql))
    return state


def _replay(state: State, script: str) -> None:
    for text in statements(script):
        # A statement of a later migration either takes back what an earlier one made, or makes something.
        line = _one_line(text)
        undone = next((key for key, statement in state.items() if statement.undo == line), None)
        if undone:
            del state[undone]
        else:
            statement = Statement.of(text)
            state[statement.key] = statement


def changes(old: State, new: State) -> list[str]:
    """Return the statements that lead from one state to another; what did not change is not touched.

    A function with the same arguments and result is replaced in place. One that is dropped takes along what calls it.
    """
    dropped = {statement.function for key, statement in old.items() if statement.function and key not in new}
    replaced = {
        key
        for key, statement in old.items()
        if key in new and (statement.calls(dropped) or (statement.text != new[key].text and not statement.function))
    }
    away = [statement.undo for key, statement in old.items() if key not in new or key in replaced]
    made = [
        statement.text
        for key, statement in new.items()
        if key not in old or key in replaced or statement.text != old[key].text
    ]
    # Taken away in reverse: what depends on a function goes before the function.
    return [undo for undo in reversed(away) if undo] + made


def script(lines: Iterable[str]) -> str:
    """Return statements as one script."""
    return "".join(f"{line};\n\n" for line in lines).rstrip("\n")
