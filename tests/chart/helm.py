"""Helm, and what it makes of the chart."""

import pathlib
import subprocess

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "helm" / "rollcall"
VALUES = pathlib.Path(__file__).parent / "values"
HELM = ROOT / ".test" / "helm" / "helm" / "helm"
RELEASE, NAMESPACE = "site", "print"


def run(*arguments):
    """Helm's standard output and error, and whether it was content."""
    done = subprocess.run([str(HELM), *map(str, arguments)], capture_output=True, text=True, check=False)
    return done.stdout, done.stderr, done.returncode == 0


def template(values, *more):
    """The objects that the chart renders with a file of values."""
    out, error, good = run("template", RELEASE, CHART, "--namespace", NAMESPACE, "--values", values, *more)
    if not good:
        raise SystemExit(f"{values.name}: {error}")
    return [document for document in yaml.safe_load_all(out) if document]


def pods(objects):
    """The pods of a release, by the name of what makes them."""
    for made in objects:
        if made["kind"] == "Pod":
            yield made["metadata"]["name"], made["spec"]
        elif made["kind"] in ("Deployment", "Job", "StatefulSet"):
            yield made["metadata"]["name"], made["spec"]["template"]["spec"]
