# The verbs of Rollcall. `just` lists them.

default:
    @just --list

# Starts the three services in one process, on SQLite in ./data.
run *ARGUMENTS:
    cargo run --release -- {{ARGUMENTS}}

# Runs all tests, or the sections named: fmt lint protos test tester okta microsoft sanity client browser openapi foreign durability notices chart supply ha faults fuzz.
test *SECTIONS:
    tests/run {{SECTIONS}}

# Formats everything.
fmt:
    cargo fmt --all

# Checks format, lints and protos.
lint:
    tests/run fmt lint protos

# Searches for inputs that break something: fuzzing, property tests and schemathesis with new seeds, so many seconds each.
explore SECONDS="600":
    SEED= FUZZ_SECONDS={{SECONDS}} SCHEMATHESIS_SECONDS={{SECONDS}} tests/run test openapi fuzz

# Checks licences, duplicate and unwanted crates and their sources. Advisories need their database, and are not checked.
deny:
    cargo deny check licenses bans sources

# PgBouncer, a replica, and every kind of failover under Patroni, after `tests/run ha` has installed what it takes.
ha:
    .test/venv/bin/python tests/ha/run.py pgbouncer replica switchover postgres node

# Every fault, after `tests/run faults` has installed what it takes; some take root. See docs/faults.md.
faults *ARGUMENTS="--all --table docs/faults.md":
    cargo build --workspace
    .test/venv/bin/python tests/faults/run.py {{ARGUMENTS}}

# Looks for misspellings.
typos:
    typos

# Builds the container image.
image:
    .test/venv/bin/python deploy/image/sbom.py deploy/image/sbom.cdx.json
    buildah build --file deploy/image/Containerfile --build-arg REVISION=$(git rev-parse HEAD) --tag rollcall .

# Measures: `just bench report --quick`, or a single scenario, `just bench groups pages`. See bench/README.md.
bench *ARGUMENTS:
    cargo build --release -p rollcall -p rollcall-bench -p rollcall-scim-gateway -p rollcall-identity-service -p rollcall-token-service
    target/release/rollcall-bench {{ARGUMENTS}}
