"""The software bill of materials: every crate that is in the programs, as CycloneDX 1.6, out of Cargo's own answer.

    deploy/image/sbom.py target/sbom.cdx.json
"""

import json
import subprocess
import sys

from cyclonedx.factory.license import LicenseFactory

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

ARGUMENTS = ["--format-version", "1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu"]
PROGRAMS = ("rollcall", "rollcall-identity-service", "rollcall-token-service", "rollcall-scim-gateway", "rollcall-edge")


def shipped(metadata):
    """What the programs are made of: their dependencies that are not for tests or builds alone, and those of these."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    names = {package["id"]: package["name"] for package in metadata["packages"]}
    todo = [key for key in metadata["workspace_members"] if names[key] in PROGRAMS]
    found = set(todo)
    while todo:
        for dependency in nodes[todo.pop()]["deps"]:
            kinds = [kind["kind"] for kind in dependency["dep_kinds"]]
            if None in kinds and dependency["pkg"] not in found:
                found.add(dependency["pkg"])
                todo.append(dependency["pkg"])
    return found, nodes


def main():
    run = subprocess.run(["cargo", "metadata", *ARGUMENTS], capture_output=True, text=True, check=True)
    metadata = json.loads(run.stdout)
    found, nodes = shipped(metadata)
    licenses, components = LicenseFactory(), {}
    for package in metadata["packages"]:
        if package["id"] in found:
            purl = PackageURL("cargo", None, package["name"], package["version"])
            expression = (package["license"] or "").replace("/", " OR ")
            components[package["id"]] = Component(
                type=ComponentType.LIBRARY,
                name=package["name"],
                version=package["version"],
                bom_ref=str(purl),
                purl=purl,
                description=package["description"],
                licenses=[licenses.make_from_string(expression)] if expression else [],
            )
    version = next(package["version"] for package in metadata["packages"] if package["name"] == "rollcall")
    root = Component(type=ComponentType.APPLICATION, name="rollcall-image", version=version, bom_ref="rollcall-image")
    bom = Bom(components=components.values())
    bom.metadata.component = root
    bom.register_dependency(root, [components[key] for key in found if key in metadata["workspace_members"]])
    for key, component in components.items():
        own = [components[dependency["pkg"]] for dependency in nodes[key]["deps"] if dependency["pkg"] in components]
        bom.register_dependency(component, own)
    text = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if problem:
        sys.exit(f"not CycloneDX: {problem}")
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write(text)
    unlicensed = sorted(component.name for component in components.values() if not component.licenses)
    if unlicensed:
        sys.exit(f"without a licence: {', '.join(unlicensed)}")
    print(f"{len(components)} components in {sys.argv[1]}")


main()
