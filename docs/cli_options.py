"""The directive ``cli-options``: the options of all commands, as their parsers have them."""

import argparse

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from fastmlp.cli.main import parser


class CliOptions(SphinxDirective):
    """Write a section for each command of `fastmlp`, with its arguments and options in their groups."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        (commands,) = (action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
        text = "\n\n".join(section(name, command) for name, command in commands.choices.items())
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def section(name: str, command: argparse.ArgumentParser) -> str:
    """Return the section of a command, in reStructuredText."""
    title = f"fastmlp {name}"
    lines = [title, "-" * len(title), "", command.description or "", "", f".. program:: {title}", ""]
    for group in command._action_groups:
        if group._group_actions:
            lines += [f".. rubric:: {(group.title or '').capitalize()}", "", *map(option, group._group_actions)]
    return "\n".join(lines)


def option(action: argparse.Action) -> str:
    """Return an option, or an argument, in reStructuredText."""
    value = "" if action.nargs == 0 else f" {action.metavar or (action.dest or '').upper()}"
    names = [f"{name}{value}" for name in action.option_strings] or [value.strip()]
    meaning = (action.help or "") % {**vars(action), "prog": "fastmlp"}
    return f".. option:: {', '.join(names)}\n\n   {literal(meaning)}\n"


def literal(text: str) -> str:
    """Return text of a help message with no markup of reStructuredText in it."""
    return "".join(f"\\{c}" if c in "*`|_\\" else c for c in text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("cli-options", CliOptions)
    return {"parallel_read_safe": True}
