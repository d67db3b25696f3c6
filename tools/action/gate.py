"""The work of action.yml, with Python's standard library alone. tools/test-gate runs it.

Its input is the environment: GATE_* as action.yml sets them, GITHUB_* as GitHub's runners do. Exit status 0: the gate is
open; 1: a model has errors, or the comparison's status is not accepted; 2: an input is wrong.
"""

import json
import os
import secrets
import subprocess
import sys
import urllib.error
import urllib.request

# By which a comment of ours is found again, so that a pull request has one and not one for each push.
MARK = "<!-- giemsa-gate -->"
# GitHub refuses longer comments.
LONGEST = 65000


def given(name):
    return os.environ.get("GATE_" + name, "").strip()


def lines(name):
    return [line.strip() for line in given(name).splitlines() if line.strip()]


def options(name):
    """One word an option, --NAME or --NAME=VALUE: whatever an input holds, it cannot become another argument."""
    found, told = lines(name), name.lower().replace("_", "-")
    for line in found:
        if not line.startswith("--") or line == "--":
            refuse(f"{told}: '{line}' is no option; write one a line, as --NAME or --NAME=VALUE")
        if line.split("=")[0] in ("--format", "--json", "--help"):
            refuse(f"{told}: {line} is the gate's own choice")
    return found


def refuse(why):
    print("gate: " + printable(why), file=sys.stderr)
    sys.exit(2)


def printable(text):
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def run(*arguments, check=(0, 1, 2)):
    """Status and output of the program. Its messages go to the log, where they are no commands to the runner."""
    program = given("PROGRAM") or "giemsa-field"
    sys.stdout.flush()
    try:
        done = subprocess.run([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        refuse(f"{program}: {error.strerror}")
    messages = done.stderr.decode(errors="replace")
    if messages:
        pause = secrets.token_hex(16)
        print(f"::stop-commands::{pause}\n{messages.rstrip()}\n::{pause}::", flush=True)
    if done.returncode not in check:
        refuse(f"{program} {arguments[0]} ended with status {done.returncode}")
    return done.returncode, done.stdout.decode(errors="replace")


def escaped(text):
    """Names come from files: nothing in them may become markup."""
    return "".join(f"&#{ord(c)};" if c in "&<>|`*_[]\\@#\"'" or not c.isprintable() else c for c in text)


def validation():
    models = lines("MODELS")
    if not models:
        refuse("models: names none")
    extra = options("OPTIONS")
    status, annotations = run("validate", *extra, "--format=github", "--", *models)
    print(annotations, end="", flush=True)
    _, findings = run("validate", *extra, "--format=json", "--", *models)
    rows, reports = [], 0
    try:
        for reports, line in enumerate(findings.splitlines(), 1):
            report = json.loads(line)
            for finding in report["findings"]:
                rows.append(f"| {escaped(report['file'])} | {finding['code']} | {escaped(finding['message'][:300])} |")
    except (ValueError, TypeError, KeyError):
        reports = 0
    if reports == 0:
        refuse("models: nothing was validated (see above)")
    text = f"### Models: {'valid' if status == 0 else 'not valid'}\n\n{reports} validated, {len(rows)} findings\n"
    if rows:
        text += "\n| file | code | finding |\n|---|---|---|\n" + "\n".join(rows[:50]) + "\n"
        if len(rows) > 50:
            text += f"\n… and {len(rows) - 50} more\n"
    return status == 0, text


def comparison():
    old, new = given("OLD"), given("NEW")
    if not old and not new:
        return None, ""
    if not old or not new:
        refuse("old and new: a comparison wants both")
    extra = options("COMPARE_OPTIONS")
    statuses = (0, 1, 2, 10, 11, 12, 13)
    status, table = run("compare", *extra, "--format=markdown", "--", old, new, check=statuses)
    if status in (1, 2):
        return status, f"### Comparison\n\n{escaped(old)} and {escaped(new)} cannot be compared; the log says why\n"
    return status, f"### Comparison of {escaped(old)} and {escaped(new)}\n\n{table}"


def accepted():
    statuses = set(given("ACCEPT").split())
    if not statuses <= {"0", "10", "11", "12", "13"}:
        refuse("accept: statuses are 0, 10, 11, 12 and 13")
    return statuses


def append(variable, text):
    if os.environ.get(variable):
        with open(os.environ[variable], "a", encoding="utf-8") as file:
            file.write(text)


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """The token goes to GITHUB_API_URL and nowhere else."""

    def redirect_request(self, *_):
        return None


def request(method, url, body=None):
    headers = {
        "Accept": "application/vnd.github+json", "Authorization": "Bearer " + given("TOKEN"),
        "Content-Type": "application/json", "User-Agent": "giemsa-gate", "X-GitHub-Api-Version": "2022-11-28",
    }
    data = None if body is None else json.dumps(body).encode()
    call = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.build_opener(NoRedirects).open(call, timeout=60) as answer:
        return json.load(answer)


def comment(text):
    """Writes the pull request's comment, or changes the one that an earlier run wrote. A failure is told and does not
    close the gate: a pull request from a fork has a token that may not write."""
    event = os.environ.get("GITHUB_EVENT_PATH")
    if not given("TOKEN") or not event:
        return
    try:
        with open(event, encoding="utf-8") as file:
            number = json.load(file).get("pull_request", {}).get("number")
        if not isinstance(number, int):
            return
        root = f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}/issues"
        body = {"body": f"{MARK}\n{text[:LONGEST]}"}
        # As many pages as a long discussion has.
        for page in range(1, 31):
            found = request("GET", f"{root}/{number}/comments?per_page=100&page={page}")
            for entry in found:
                if entry.get("body", "").startswith(MARK) and entry.get("user", {}).get("type") == "Bot":
                    request("PATCH", f"{root}/comments/{int(entry['id'])}", body)
                    return
            if len(found) < 100:
                break
        request("POST", f"{root}/{number}/comments", body)
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"status {error.code}" if isinstance(error, urllib.error.HTTPError) else type(error).__name__
        print(f"::warning::the pull request's comment could not be written ({reason})")


def main():
    passing = accepted()
    valid, text = validation()
    status, table = comparison()
    whole = text + ("\n" + table if table else "")
    append("GITHUB_STEP_SUMMARY", whole)
    append("GITHUB_OUTPUT", f"valid={'true' if valid else 'false'}\ncompare-status={'' if status is None else status}\n")
    comment(whole)
    if not valid or status is not None and str(status) not in passing:
        sys.exit(1)


main()
