"""Command line: `python -m mimic_db start|stop|status|url|psql|load|check|generate`."""

import argparse
import os
import sys
from collections.abc import Sequence

from mimic_db import server
from mimic_db.errors import UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status: 0 done, 1 an error that was explained, 130 interrupted."""
    args = _parser().parse_args(arguments)
    try:
        status: int = args.command(args)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: what was not finished is rolled back; the same command goes on from here", file=sys.stderr)
        return 130
    return status


def _start(args: argparse.Namespace) -> int:
    running = server.start()
    print(f"running: process {running.pid}, data {running.data_dir}, socket {running.socket_dir}")
    return 0


def _stop(args: argparse.Namespace) -> int:
    print("stopped" if server.stop() else "not running")
    return 0


def _status(args: argparse.Namespace) -> int:
    running = server.status()
    if running is None:
        print(f"not running, data {server.default_data_dir()}")
        return 1
    print(f"running: process {running.pid}, data {running.data_dir}, socket {running.socket_dir}")
    for name in server.databases():
        print(f"  {name}  {server.url(name)}")
    return 0


def _url(args: argparse.Namespace) -> int:
    print(server.url(args.database or "postgres"))
    return 0


def _psql(args: argparse.Namespace) -> int:
    program = server.psql_program()
    environment = server.libpq_environment(_target(args, default="postgres"))
    os.execve(program, [program, *args.options], os.environ | environment)  # noqa: S606


def _target(args: argparse.Namespace, default: str | None = None) -> str:
    """The DSN that the options name: somebody's server, or a database of the embedded one."""
    if args.dsn:
        return server.with_database(args.dsn, args.database)
    if args.database or default:
        return server.url(args.database or default)
    names = server.databases()
    if len(names) == 1:
        return server.url(names[0])
    raise UserError(
        f"which data set? --database {' | '.join(names)}" if names else "the embedded server holds no data set yet"
    )


def _generate(args: argparse.Namespace) -> int:
    from mimic_db import generate

    generate.main(args)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mimic_db", description="Get a MIMIC-IV PostgreSQL for the study.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    where = argparse.ArgumentParser(add_help=False)
    where.add_argument("--dsn", help="your own server, e.g. postgresql://me@localhost:5432/mimiciv (default: embedded)")
    where.add_argument("--database", help="the database on that server")

    for name, function, text in (
        ("start", _start, "start the embedded server (data in .postgres, or in the folder DEXSIC_PGDATA)"),
        ("stop", _stop, "stop the embedded server"),
        ("status", _status, "is the embedded server running, and which data sets does it hold?"),
    ):
        commands.add_parser(name, help=text, description=text).set_defaults(command=function)

    command = commands.add_parser("url", help="print the connection URI of a database of the embedded server")
    command.add_argument("--database", help="which database (default: postgres)")
    command.set_defaults(command=_url)

    command = commands.add_parser("psql", parents=[where], help="open psql on a database")
    command.add_argument("options", nargs="*", help="options for psql, after --")
    command.set_defaults(command=_psql)
    return parser


if __name__ == "__main__":
    sys.exit(main())
