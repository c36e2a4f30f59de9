"""What migrations promise of the catalogue: policies, FORCE, grants, triggers, functions, constraints.

`promises.json` beside this file is the record, renewed with `check_guarantees --record` when a migration changes it.
A live database is compared with it, which shows a dropped policy or a disabled trigger, whoever did it.
"""

import json
from pathlib import Path

from django.db import connection

RECORD = Path(__file__).with_name("promises.json")

# Constraints are compared without casts and brackets, which PostgreSQL places elsewhere after a dump and restore.
# Bodies of functions are compared as md5: the record stays readable, and says that a body differs, not how.
_QUERIES = {
    "row security": """
        SELECT relname || CASE WHEN relrowsecurity THEN ' enabled' ELSE ' DISABLED' END
                       || CASE WHEN relforcerowsecurity THEN ' forced' ELSE ' NOT FORCED' END
        FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        AND (relrowsecurity OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND attname = 'business_id'))
    """,
    "policies": """
        SELECT format('%s.%s %s %s to %s using (%s) check (%s)', tablename, policyname, permissive, cmd,
                      array_to_string(roles, ','), qual, with_check)
        FROM pg_policies WHERE schemaname = 'public'
    """,
    "triggers": """
        SELECT pg_get_triggerdef(oid) || CASE tgenabled WHEN 'O' THEN '' ELSE ' NOT ENABLED' END
        FROM pg_trigger WHERE NOT tgisinternal
    """,
    "functions": """
        SELECT format('%s definer=%s settings=%s body=%s execute=%s', p.oid::regprocedure, prosecdef, proconfig,
                      md5(prosrc), (SELECT string_agg(DISTINCT COALESCE(r.rolname, 'public'), ',')
                                    FROM aclexplode(COALESCE(proacl, acldefault('f', proowner))) a
                                    LEFT JOIN pg_roles r ON r.oid = a.grantee))
        FROM pg_proc p JOIN pg_roles o ON o.oid = p.proowner
        WHERE pronamespace = 'public'::regnamespace AND o.rolname = 'rhivo_owner'
    """,
    "grants": """
        SELECT format('%s %s on %s', COALESCE(r.rolname, 'PUBLIC'), a.privilege_type, c.relname)
        FROM pg_class c CROSS JOIN aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
          AND (a.grantee = 0 OR r.rolname IN ('rhivo_app', 'rhivo_worker'))
        UNION
        SELECT format('%s %s on %s.%s', COALESCE(r.rolname, 'PUBLIC'), a.privilege_type, c.relname, attname)
        FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid CROSS JOIN aclexplode(t.attacl) a
        LEFT JOIN pg_roles r ON r.oid = a.grantee
        WHERE c.relnamespace = 'public'::regnamespace
          AND (a.grantee = 0 OR r.rolname IN ('rhivo_app', 'rhivo_worker'))
        UNION
        SELECT format('%s %s on the database', COALESCE(r.rolname, 'PUBLIC'), a.privilege_type)
        FROM pg_database d CROSS JOIN aclexplode(COALESCE(d.datacl, acldefault('d', d.datdba))) a
        LEFT JOIN pg_roles r ON r.oid = a.grantee
        WHERE d.datname = current_database() AND a.privilege_type <> 'CONNECT'
          AND (a.grantee = 0 OR r.rolname IN ('rhivo_app', 'rhivo_worker'))
    """,
    "constraints": r"""
        SELECT format('%s.%s %s', conrelid::regclass, conname, CASE contype WHEN 'c' THEN
                      regexp_replace(pg_get_constraintdef(oid), '::(character varying|text)(\[\])?|[()]', '', 'g')
                      ELSE pg_get_constraintdef(oid) END)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('f', 'u', 'x', 'c')
          AND conrelid IN (SELECT attrelid FROM pg_attribute WHERE attname = 'business_id')
    """,
    "roles": """
        SELECT format('%s superuser=%s bypassrls=%s', rolname, rolsuper, rolbypassrls)
        FROM pg_roles WHERE rolname IN ('rhivo_owner', 'rhivo_app', 'rhivo_worker')
        UNION ALL
        SELECT format('%s is in %s', m.rolname, r.rolname)
        FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member JOIN pg_roles r ON r.oid = a.roleid
        WHERE m.rolname IN ('rhivo_owner', 'rhivo_app', 'rhivo_worker')
        UNION ALL
        SELECT format('%s has %s %s', r.rolname, split_part(setting, '=', 1),
                      CASE WHEN split_part(setting, '=', 2) IN ('', '0') THEN 'OFF' ELSE 'set' END)
        FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole CROSS JOIN unnest(s.setconfig) AS setting
        WHERE r.rolname IN ('rhivo_owner', 'rhivo_app', 'rhivo_worker')
          AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
          AND setting !~ '^transaction_timeout=[1-9]' -- PostgreSQL 17 and later alone have it
    """,
}


def catalogue() -> dict[str, list[str]]:
    """Return what the connected database's catalogue says, sorted, under each heading."""
    with connection.cursor() as cursor:
        found = {}
        for heading, query in _QUERIES.items():
            cursor.execute(query)
            found[heading] = sorted(" ".join(str(row[0]).split()) for row in cursor.fetchall())
        return found


def broken_promises() -> list[str]:
    """Return a line for each thing that the record promises and the database lacks, or has beyond it."""
    promised, found = json.loads(RECORD.read_text()), catalogue()
    missing = [
        f"{heading}: missing: {line}"
        for heading in promised
        for line in promised[heading]
        if line not in found[heading]
    ]
    beyond = [
        f"{heading}: not promised: {line}"
        for heading in found
        for line in found[heading]
        if line not in promised.get(heading, ())
    ]
    return missing + beyond


def record() -> None:
    """Write down what the connected, freshly migrated database promises."""
    RECORD.write_text(json.dumps(catalogue(), indent=1) + "\n")
