"""glue_workflow.json with its functions resolved, as CloudFormation would, for given parameters."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "glue_workflow.json"
PSEUDO = {
    "AWS::StackName": "fl",
    "AWS::Region": "eu-central-1",
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
}
NONE = object()  # AWS::NoValue


def raw() -> dict:
    """The template as it is written."""
    return json.loads(FILE.read_text(encoding="utf-8"))


class Resolved:
    """The template's resources; a Ref to one gives its own name or, without one, its logical id.

    Raises KeyError for a reference to what is not there, or only under another condition.
    """

    def __init__(self, **parameters: str):
        self.template = raw()
        given = {"Release": "releases/1.0-abc", **parameters}
        self.parameters = {
            name: given.get(name, one.get("Default"))
            for name, one in self.template["Parameters"].items()
        }
        conditions = self.template["Conditions"]
        self.conditions: dict[str, bool] = {}
        for name, rule in conditions.items():  # one may name those above it
            self.conditions[name] = self.value(rule)
        self.resources = {
            name: {**one, "Properties": self.value(one["Properties"])}
            for name, one in self.template["Resources"].items()
            if self.conditions.get(one.get("Condition"), True)
        }
        self._attach()

    def _attach(self) -> None:
        """Give each role the policies that are resources of their own."""
        for policy in self.of("AWS::IAM::Policy").values():
            held = {key: policy[key] for key in ("PolicyName", "PolicyDocument")}
            for name in policy["Roles"]:
                self.resources[name]["Properties"].setdefault("Policies", []).append(held)

    def of(self, kind: str) -> dict[str, dict]:
        """Properties of the resources of a type, by logical id."""
        return {n: r["Properties"] for n, r in self.resources.items() if r["Type"] == kind}

    def value(self, node):
        """A node of the template without functions in it."""
        if isinstance(node, list):
            return [item for item in map(self.value, node) if item is not NONE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            [(name, argument)] = node.items()
            if name == "Condition" and isinstance(argument, str):
                return self.conditions[argument]
            if name == "Ref" or name.startswith("Fn::"):
                return getattr(self, "_" + name.removeprefix("Fn::").lower())(argument)
        values = {name: self.value(item) for name, item in node.items()}
        return {name: item for name, item in values.items() if item is not NONE}

    def _ref(self, name: str):
        if name == "AWS::NoValue":
            return NONE
        if name in PSEUDO or name in self.parameters:
            return {**PSEUDO, **self.parameters}[name]
        one = self.template["Resources"][name]
        if not self.conditions.get(one.get("Condition"), True):
            raise KeyError(f"{name} is not made under these parameters")
        own = one.get("Properties", {})
        own = own.get("DatabaseInput", own).get("Name")
        return self.value(own) if own else name

    def _getatt(self, path: list) -> str:
        return f"{self._ref(path[0])}.{path[1]}"

    def _if(self, argument: list):
        condition, then, otherwise = argument
        return self.value(then if self.conditions[condition] else otherwise)

    def _equals(self, pair: list) -> bool:
        left, right = map(self.value, pair)
        return str(left) == str(right)

    def _and(self, arguments: list) -> bool:
        return all(map(self.value, arguments))

    def _not(self, argument: list) -> bool:
        return not self.value(argument[0])

    def _join(self, argument: list) -> str:
        return argument[0].join(self.value(argument[1]))

    def _split(self, argument: list) -> list[str]:
        return self.value(argument[1]).split(argument[0])

    def _sub(self, argument) -> str:
        text, own = argument if isinstance(argument, list) else (argument, {})
        own = {name: self.value(item) for name, item in own.items()}

        def fill(match) -> str:
            name = match[1]
            if name in own:
                return str(own[name])
            resource, dot, attribute = name.partition(".")
            if dot:
                return self._getatt([resource, attribute])
            return str(self._ref(name))

        return re.sub(r"\$\{([\w:.]+)\}", fill, text)


def statements(policy_holder: dict) -> list[dict]:
    """The statements of a role's or user's inline policies, lists where there was one item."""
    found = [
        s for policy in policy_holder["Policies"] for s in policy["PolicyDocument"]["Statement"]
    ]
    return [
        {**one, "Action": _list(one["Action"]), "Resource": _list(one["Resource"])} for one in found
    ]


def _list(value) -> list:
    return value if isinstance(value, list) else [value]
