#!/usr/bin/env bash
# Makes the secrets of compose.yaml in deploy/secrets, once: they are not made again while they are there.
set -euo pipefail
cd "$(dirname "$0")"
if [[ -d secrets ]]; then
    echo "deploy/secrets is there already" >&2
    exit 1
fi
umask 077
mkdir secrets
# Readable by the user of the image, who is nobody here.
random() { openssl rand -hex 24; }
password=$(random) operator=$(random) print=$(random)
printf '%s' "$password" >secrets/password
for of in identity token; do echo "postgres://rollcall:$password@database:5432/rollcall" >"secrets/$of-url"; done
openssl rand -base64 32 >secrets/key
printf 'operator %s\nprint %s\n' "$operator" "$print" >secrets/accepted
printf '%s\n' "$operator" >secrets/operator
chmod 0444 secrets/*
echo "made deploy/secrets; print components show the secret of the line \`print\` in deploy/secrets/accepted"
