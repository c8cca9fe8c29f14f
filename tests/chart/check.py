"""The chart over a matrix of values: it lints, every object fits the schemas of Kubernetes and of the custom resources, every pod is
restricted, mistakes are refused, and the README says what the values say."""

import json
import shutil
import subprocess
import sys
import tempfile
import pathlib

import kubernetes_validate
import yaml

from helm import CHART, ROOT, VALUES, pods, run, template

# The oldest that the chart's kubeVersion admits and the schemas know, and the newest.
VERSIONS = ("1.30", "1.33", "1.37")
NPM = ROOT / ".test" / "npm"
CUSTOM = ("cert-manager.io", "gateway.networking.k8s.io", "monitoring.coreos.com")
problems = []


def wrong(where, what):
    problems.append(f"{where}: {what}")


def check_schemas(name, objects):
    custom = [made for made in objects if made["apiVersion"].split("/")[0] in CUSTOM]
    for made in objects:
        if made in custom:
            continue
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(made, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                wrong(f"{name}, {made['kind']} {made['metadata']['name']}, Kubernetes {version}", error.message)
            except (kubernetes_validate.InvalidSchemaError, kubernetes_validate.SchemaNotFoundError) as error:
                wrong(f"{name}, {made['kind']}", f"no schema: {error}")
    return custom


def check_pod(where, spec):
    security = spec.get("securityContext", {})
    if not (security.get("runAsNonRoot") and security.get("runAsUser") and security.get("seccompProfile")):
        wrong(where, "may run as root")
    if spec.get("automountServiceAccountToken") is not False:
        wrong(where, "has a token of Kubernetes")
    for container in spec["containers"]:
        own = container.get("securityContext", {})
        restricted = (
            own.get("readOnlyRootFilesystem")
            and own.get("allowPrivilegeEscalation") is False
            and own.get("capabilities", {}).get("drop") == ["ALL"]
        )
        if not restricted:
            wrong(where, f"{container['name']} is not restricted")
        resources = container.get("resources", {})
        if not resources.get("requests") or "memory" not in resources.get("limits", {}):
            wrong(where, f"{container['name']} has no requests, or no limit of memory")
        if container["image"].endswith(":latest") or not (":" in container["image"] or "@" in container["image"]):
            wrong(where, f"{container['image']} is not one image")
        serves = bool(container.get("ports"))
        if serves != all(f"{probe}Probe" in container for probe in ("startup", "liveness", "readiness")):
            wrong(where, f"{container['name']} has not its probes")
        mounts = [mount["name"] for mount in container.get("volumeMounts", [])]
        volumes = [volume["name"] for volume in spec.get("volumes", [])]
        if sorted(mounts) != sorted(volumes):
            wrong(where, f"volumes {volumes} and mounts {mounts} differ")
        if any("SECRET" in entry["name"] or "PASSWORD" in entry["name"] for entry in container.get("env", [])):
            wrong(where, "has a secret in its environment")


def check_objects(name, objects):
    seen = set()
    for made in objects:
        key = (made["kind"], made["metadata"]["name"])
        if key in seen:
            wrong(name, f"{key} is there twice")
        seen.add(key)
        if made["kind"] == "Secret":
            wrong(name, "the chart makes a secret")
        if made["kind"] == "Deployment":
            strategy = made["spec"]["strategy"]
            if strategy["type"] == "RollingUpdate" and strategy["rollingUpdate"]["maxUnavailable"] != 0:
                wrong(name, f"{key} is short of a pod while it rolls")
            needed = made["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
            if needed < 16:
                wrong(name, f"{key} is killed before it has drained")
    services = [named for kind, named in seen if kind == "Service"]
    for made in objects:
        text, at = json.dumps(made["spec"]) if "spec" in made else "", f"{made['kind']} {made['metadata']['name']}"
        if made["kind"] in ("Ingress", "HTTPRoute") and not any(f'"name": "{named}"' in text for named in services):
            wrong(name, f"{at} leads nowhere")
        outside = made["kind"] == "Service" and made["spec"].get("type") in ("LoadBalancer", "NodePort")
        if outside and {port["port"] for port in made["spec"]["ports"]} - {7400, 7403}:
            wrong(name, f"{at} shows the outside more than SCIM and the console")
        if made["kind"] == "HorizontalPodAutoscaler":
            if ("Deployment", made["spec"]["scaleTargetRef"]["name"]) not in seen:
                wrong(name, f"{at} scales nothing")


def check_matrix():
    custom = []
    for values in sorted(VALUES.glob("*.yaml")):
        out, error, good = run("lint", "--strict", CHART, "--values", values)
        if not good:
            wrong(values.name, out + error)
            continue
        objects = template(values)
        check_objects(values.name, objects)
        custom += check_schemas(values.name, objects)
        for name, spec in pods(objects):
            check_pod(f"{values.name}, {name}", spec)
        print(f"{values.name}: {len(objects)} objects")
    check_custom(custom)
    # A planted fault must be found, or nothing here means anything.
    planted = json.loads(json.dumps([made for made in custom if made["kind"] == "Certificate"][:1]))
    planted[0]["spec"]["dnsNames"] = "not a list"
    if not custom_problems(planted):
        wrong("custom.mjs", "does not find a planted fault")


def custom_problems(objects):
    script = shutil.copy(pathlib.Path(__file__).parent / "custom.mjs", NPM / "custom.mjs")
    command = ["node", str(script)]
    done = subprocess.run(command, input=json.dumps(objects), capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def check_custom(objects):
    found = custom_problems(objects)
    if found:
        wrong("custom resources", found)
    kinds = sorted({made["kind"] for made in objects})
    print(f"{len(objects)} custom resources: {', '.join(kinds)}")
    if len(kinds) < 5:
        wrong("the matrix", "does not render every custom resource")


def check_refusals():
    refusals = yaml.safe_load((pathlib.Path(__file__).parent / "wrong.yaml").read_text())
    for refusal in refusals:
        _, error, good = run("template", "x", CHART, "--values", VALUES / "minimal.yaml", "--set", refusal["set"])
        if good:
            wrong(refusal["set"], "is not refused")
        elif refusal["says"] not in error:
            wrong(refusal["set"], f"is refused without {refusal['says']!r}: {error}")
    print(f"{len(refusals)} wrong values refused")


def check_readme():
    """The table of values is what the generator makes of their comments."""
    generator = NPM / "node_modules" / ".bin" / "readme-generator"
    with tempfile.TemporaryDirectory() as directory:
        made = pathlib.Path(directory) / "README.md"
        shutil.copy(CHART / "README.md", made)
        command = [str(generator), "--values", str(CHART / "values.yaml"), "--readme", str(made)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            wrong("values.yaml", done.stdout + done.stderr)
        elif made.read_text() != (CHART / "README.md").read_text():
            if "--write" in sys.argv:
                shutil.copy(made, CHART / "README.md")
            else:
                wrong("README.md", "is not what the values say; run tests/chart/check.py --write")


check_matrix()
check_refusals()
check_readme()
for problem in problems:
    print(problem, file=sys.stderr)
sys.exit(1 if problems else 0)
