"""What Rollcall is made of and what it ships with: licences, sources and banned crates; alerts and their tests; dashboards; documents.

`cargo deny` says the same of crates and more; it takes minutes to compile, so it is a verb of its own (`just deny`), and what it holds to is read
from the same file here. Advisories are looked at by neither: their database is none of the registries.
"""

import json
import pathlib
import re
import subprocess
import sys
import tomllib

import promql_parser
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = ROOT / "deploy" / "helm" / "rollcall" / "files"
PROGRAMS = ("rollcall", "identity-service", "token-service", "scim-gateway", "rollcall-edge")
problems = []


def wrong(where, what):
    problems.append(f"{where}: {what}")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def satisfied(expression, allowed):
    """Whether a licence expression (SPDX) can be met by the licences that are allowed."""
    words = re.findall(r"\(|\)|[\w.+-]+(?: WITH [\w.-]+)?", expression.replace("/", " OR "))
    python = ["True" if word in allowed else "False" if word not in ("(", ")", "OR", "AND") else word.lower() for word in words]
    return bool(eval(" ".join(python), {"__builtins__": {}}))  # noqa: S307 - words of a fixed alphabet


def crates():
    deny = tomllib.loads((ROOT / "deny.toml").read_text())
    allowed, banned = set(deny["licenses"]["allow"]), {ban["crate"] for ban in deny["bans"]["deny"]}
    metadata = json.loads(run("cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu").stdout)
    resolved = {node["id"] for node in metadata["resolve"]["nodes"]}
    packages = [package for package in metadata["packages"] if package["id"] in resolved]
    for package in packages:
        name = f"{package['name']} {package['version']}"
        own = package["id"] in metadata["workspace_members"]
        if not own and not (package["source"] or "").startswith("registry+"):
            wrong(name, f"comes from {package['source']}")
        if package["name"] in banned:
            wrong(name, "is banned")
        if not package["license"] or not satisfied(package["license"], allowed):
            wrong(name, f"has the licence {package['license']}, which deny.toml does not allow")
    assert not satisfied("GPL-3.0", allowed) and satisfied("GPL-3.0 OR MIT", allowed), "the check itself"
    print(f"{len(packages)} crates: licences, sources, bans")


def alerts():
    rules = FILES / "alerts.yaml"
    for command in (
        ("promtool", "check", "rules", str(rules)),
        ("promtool", "test", "rules", *map(str, sorted((ROOT / "deploy" / "monitoring").glob("*.yaml")))),
    ):
        done = run(*command)
        if done.returncode:
            wrong("promtool", done.stdout + done.stderr)
    all_rules = [rule for group in yaml.safe_load(rules.read_text())["groups"] for rule in group["rules"]]
    tested = "".join(path.read_text() for path in (ROOT / "deploy" / "monitoring").glob("*.yaml"))
    runbooks = (ROOT / "docs" / "operator" / "runbooks.md").read_text()
    headings = set(re.findall(r"^## (\w+)$", runbooks, re.MULTILINE))
    names = {rule["alert"] for rule in all_rules}
    for rule in all_rules:
        name, notes = rule["alert"], rule["annotations"]
        if notes["runbook_url"] != f"docs/operator/runbooks.md#{name.lower()}":
            wrong(name, "its runbook is another's")
        if rule["labels"].get("severity") not in ("warning", "critical") or not notes["summary"] or not notes["description"]:
            wrong(name, "has no severity, summary or description")
        if tested.count(f"alertname: {name}\n") < 2:
            wrong(name, "is not tested where it fires and where it does not")
    for name in names ^ headings:
        wrong("docs/operator/runbooks.md", f"{name} is an alert or a heading, and not both")
    print(f"{len(all_rules)} alerts, each with a runbook, and tested")
    return [rule["expr"] for rule in all_rules]


def dashboards():
    queries = []
    for path in sorted((FILES / "dashboards").glob("*.json")):
        dashboard = json.loads(path.read_text())
        panels = dashboard["panels"]
        if len({panel["id"] for panel in panels}) != len(panels):
            wrong(path.name, "two panels have the same id")
        cells = set()
        for panel in panels:
            at = panel["gridPos"]
            own = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            if own & cells or at["x"] + at["w"] > 24:
                wrong(path.name, f"{panel['title']} lies over another panel")
            cells |= own
            if not (panel["title"] and panel["description"] and panel["fieldConfig"]["defaults"]["unit"]):
                wrong(path.name, f"{panel['title']} has no description or unit")
            if panel["datasource"]["uid"] != "${datasource}":
                wrong(path.name, f"{panel['title']} has a data source of its own")
            queries += [target["expr"] for target in panel["targets"]]
    print(f"{len(queries)} queries of dashboards")
    return queries


def metrics(queries):
    """Each query parses, and asks for what the programs tell."""
    source = "".join(path.read_text() for path in ROOT.glob("crates/serve/src/metrics.rs"))
    told = set(re.findall(r'describe_\w+!\(\s*"(rollcall_\w+)"', source))
    process = {"process_start_time_seconds", "process_resident_memory_bytes", "process_open_fds", "process_max_fds", "process_cpu_seconds_total", "up"}
    for query in queries:
        try:
            promql_parser.parse(query.replace("$__rate_interval", "5m").replace("$account", ".*"))
        except ValueError as error:
            wrong(query, error)
        for name in re.findall(r"\b(?:rollcall|process)_\w+|\bup\b(?=\{)", query):
            if re.sub(r"_(bucket|sum|count)$", "", name) not in told | process:
                wrong(query, f"{name} is told by nobody")
    undocumented = told - set(re.findall(r"rollcall_\w+", (ROOT / "docs" / "operator" / "monitor.md").read_text()))
    for name in undocumented:
        wrong("docs/operator/monitor.md", f"{name} is missing")
    print(f"{len(told)} metrics, {len(queries)} queries")


def documents():
    """Links lead somewhere, and every option and variable that a document names exists."""
    options, variables = {"--help", "--version"}, set()
    for program in PROGRAMS:
        binary = str(ROOT / "target" / "debug" / program)
        todo = [[]]
        while todo:
            command = todo.pop()
            text = run(binary, *command, "--help").stdout
            options |= set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
            variables |= set(re.findall(r"ROLLCALL_[A-Z_]+", text))
            if "\nCommands:\n" in text:
                below = text.split("\nCommands:\n")[1].split("\n\n")[0]
                todo += [[*command, name] for name in re.findall(r"^  ([a-z-]+) ", below, re.MULTILINE) if name != "help"]
    documents = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("deploy/**/*.md"))]
    for path in documents:
        text, name = path.read_text(), str(path.relative_to(ROOT))
        for link in re.findall(r"\]\(([^)#:]+?)(?:#[\w-]+)?\)", text):
            if not (path.parent / link).exists():
                wrong(name, f"leads to {link}, which is not there")
        for variable in set(re.findall(r"ROLLCALL_[A-Z_]+", text)):
            known = variable in variables or variable.removesuffix("_FILE") in variables
            if not known and not variable.startswith(("ROLLCALL_TEST", "ROLLCALL_X")):
                wrong(name, f"there is no {variable}")
        if name.startswith("docs/operator"):
            # Options of other programs stand in blocks of code with those programs.
            own = [line for line in re.findall(r"`([^`\n]+)`", text) if line.startswith("--") or line.startswith("rollcall ")]
            for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", " ".join(own))):
                if option not in options:
                    wrong(name, f"there is no {option}")
    print(f"{len(documents)} documents, {len(options)} options, {len(variables)} variables")


def compose():
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    text = json.dumps(services)
    for name, service in services["services"].items():
        for secret in service.get("secrets", []):
            if secret not in services["secrets"]:
                wrong("compose.yaml", f"{name} has the secret {secret}, which is not there")
    for variable in re.findall(r"ROLLCALL_[A-Z_]+", text):
        if variable not in (ROOT / "deploy" / "compose.yaml").read_text():
            wrong("compose.yaml", variable)
    if re.search(r"PASSWORD(?!_FILE)", text) or "change-me" in text:
        wrong("compose.yaml", "has a password in it")


crates()
queries = alerts() + dashboards()
metrics(queries)
documents()
compose()
for problem in problems:
    print(problem, file=sys.stderr)
sys.exit(1 if problems else 0)
