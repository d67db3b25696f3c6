"""Runs gate.py as GitHub's runners do, with a server in GitHub's place. `tools/test-gate` calls it.

    python3 tools/action/test.py PROGRAM OLD CLOSE FAR BROKEN

PROGRAM is giemsa-field, OLD a model, CLOSE one that answers nearly the same, FAR one that does not, BROKEN one with an error.
"""

import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
GATE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gate.py")
PROGRAM, OLD, CLOSE, FAR, BROKEN = (os.path.abspath(argument) for argument in sys.argv[1:])
TOKEN = "made-up-token"
failures = 0


def expect(what, holds, detail=""):
    global failures
    if not holds:
        failures += 1
        print(f"FAILED {what} {detail}"[:3000])


class Comments(http.server.BaseHTTPRequestHandler):
    """The comments of pull request 7, on two pages."""

    stored = []
    requests = []
    refuses = False

    def answer(self, body, status=200):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        self.requests.append((self.command, self.path, self.headers.get("Authorization")))
        if self.refuses:
            return self.answer({"message": "Resource not accessible by integration"}, 403)
        if self.command == "GET":
            page = int(re.search(r"&page=(\d+)", self.path)[1])
            return self.answer(self.stored[(page - 1) * 100:page * 100])
        if self.command == "POST":
            self.stored.append({"id": 1000 + len(self.stored), "user": {"type": "Bot"}, **body})
        else:
            [entry for entry in self.stored if self.path.endswith(f"/comments/{entry['id']}")][0].update(body)
        return self.answer({})

    do_GET = do_POST = do_PATCH = handle_any

    def log_message(self, *_):
        pass


def gate(folder, url=None, event=None, **inputs):
    """Exit status, log, summary and outputs."""
    files = {name: os.path.join(folder, name) for name in ("summary", "output", "event")}
    for path in files.values():
        open(path, "w").close()
    with open(files["event"], "w", encoding="utf-8") as file:
        json.dump(event or {}, file)
    environment = {
        "PATH": os.environ["PATH"], "GITHUB_STEP_SUMMARY": files["summary"], "GITHUB_OUTPUT": files["output"],
        "GITHUB_EVENT_PATH": files["event"], "GITHUB_REPOSITORY": "some/where", "GITHUB_API_URL": url or "http://127.0.0.1:9",
        "GATE_PROGRAM": PROGRAM, "GATE_ACCEPT": "0 10 11",
    }
    environment.update({"GATE_" + name.upper(): value for name, value in inputs.items()})
    done = subprocess.run([sys.executable, GATE], env=environment, capture_output=True, text=True, cwd=folder)
    texts = {name: open(path, encoding="utf-8").read() for name, path in files.items()}
    expect("no traceback", "Traceback" not in done.stderr, done.stderr)
    return done.returncode, done.stdout + done.stderr, texts["summary"], texts["output"]


def verdicts(folder):
    status, log, summary, output = gate(folder, models=OLD)
    expect("a sound model", status == 0 and output == "valid=true\ncompare-status=\n", log + output)
    expect("its summary", summary.startswith("### Models: valid\n\n1 validated"), summary)
    status, log, summary, output = gate(folder, models=f"{OLD}\n{BROKEN}\n")
    expect("a broken one", status == 1 and output.startswith("valid=false\n"), log)
    expect("annotations", "::error file=" in log, log)
    expect("findings in the summary", "| E204 |" in summary and "2 validated" in summary, summary)
    for new, wanted, passes in ((OLD, 0, True), (CLOSE, 11, True), (FAR, 12, False)):
        status, log, summary, output = gate(folder, models=OLD, old=OLD, new=new)
        expect(f"comparison {wanted}", status == (0 if passes else 1), log)
        expect("its status", output.endswith(f"compare-status={wanted}\n"), output)
        expect("its table", f"(status {wanted})" in summary, summary)
    status, _, _, _ = gate(folder, models=OLD, old=OLD, new=FAR, accept="0 10 11 12")
    expect("accepted on request", status == 0)
    status, _, _, output = gate(folder, models=OLD, old=OLD, new=FAR, compare_options="--agreement=0.1\n--inputs=2")
    expect("options of compare", status == 0 and "compare-status=11" in output, output)
    status, log, summary, _ = gate(folder, models=OLD, old=OLD, new=BROKEN)
    expect("a comparison that fails", status == 1 and "cannot be compared" in summary, log + summary)
    expect("its messages are no commands", re.search(r"::stop-commands::(\w{32})\n(.|\n)*\n::\1::\n", log), log)
    status, _, summary, _ = gate(folder, models=OLD, options="--strict=all\n--max-size=1")
    expect("options of validate", status == 1 and "| E401 |" in summary, summary)


def inputs_are_words(folder):
    trap = os.path.join(folder, "trap")
    for evil in (f"$(touch {trap})", f"`touch {trap}`", f"; touch {trap}", f"' ; touch {trap} #", f'"; touch {trap} "'):
        for name in ("models", "options", "old", "new", "compare_options", "accept", "program"):
            # A comparison, so that every input is used.
            inputs = {"models": OLD, "old": OLD, "new": OLD, **{name: evil}}
            status, log, _, _ = gate(folder, **inputs)
            expect(f"{name} is no command", status in (1, 2) and not os.path.exists(trap), f"{status} {log}")
    for inputs in (
        {"models": ""}, {"models": OLD, "options": "--format=text"}, {"models": OLD, "options": "other.onnx"},
        {"models": OLD, "old": OLD}, {"models": OLD, "accept": "1"}, {"models": OLD, "options": "--nonsense"},
        {"models": "--help"}, {"models": OLD, "old": OLD, "new": OLD, "compare_options": "--json"},
    ):
        status, log, _, _ = gate(folder, **inputs)
        expect(f"refused: {inputs}", status in (1, 2), f"{status} {log}")
    # A file whose name is a command to the runner, and markup.
    name = "::error::x\n::set-output name=a::b <b>|`@all.onnx"
    with open(os.path.join(folder, name), "wb") as target, open(BROKEN, "rb") as source:
        target.write(source.read())
    status, log, summary, _ = gate(folder, models="*.onnx", old=OLD, new="./" + name.replace("\n", " "))
    expect("a hostile name", status == 1 and "\n::set-output" not in log and "\n::error::x" not in log, log)
    expect("no markup", "<b>" not in summary and "@all" not in summary and "`" not in summary, summary)


def comments(folder):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Comments)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url, event = f"http://127.0.0.1:{server.server_address[1]}", {"pull_request": {"number": 7}}
    person = {"user": {"type": "User"}, "body": "<!-- giemsa-gate --> not ours"}
    Comments.stored += [{"id": number, **person} for number in range(150)]
    gate(folder, url, event, models=OLD, token=TOKEN)
    expect("a comment", len(Comments.stored) == 151 and "### Models: valid" in Comments.stored[-1]["body"])
    expect("the token", {found[2] for found in Comments.requests} == {f"Bearer {TOKEN}"})
    expect("the pull request", Comments.requests[-1][1] == "/repos/some/where/issues/7/comments", str(Comments.requests[-1]))
    gate(folder, url, event, models=BROKEN, token=TOKEN)
    expect("the same comment, changed", len(Comments.stored) == 151 and "not valid" in Comments.stored[-1]["body"])
    Comments.requests.clear()
    gate(folder, url, event, models=OLD)
    gate(folder, url, {"push": {}}, models=OLD, token=TOKEN)
    gate(folder, url, {"pull_request": {"number": "7/../../x"}}, models=OLD, token=TOKEN)
    expect("no comment without a token or a pull request", not Comments.requests, str(Comments.requests))
    Comments.refuses = True
    status, log, _, _ = gate(folder, url, event, models=OLD, token=TOKEN)
    expect("a refused comment", status == 0 and "::warning::" in log and "status 403" in log, log)
    server.shutdown()
    status, log, _, _ = gate(folder, None, event, models=OLD, token=TOKEN)
    expect("no server", status == 0 and "::warning::" in log and TOKEN not in log, log)


def action_file():
    """Inputs reach the script through the environment: none stands in what the shell reads."""
    with open(os.path.join(os.path.dirname(GATE), "action.yml"), encoding="utf-8") as file:
        text = file.read()
    runs = re.findall(r"^\s*run: (.*)$", text, re.MULTILINE)
    expect("one command", runs == ['python3 "$GITHUB_ACTION_PATH/gate.py"'], str(runs))
    inputs = set(re.findall(r"^  ([a-z-]+):$", text[text.index("inputs:"):text.index("outputs:")], re.MULTILINE))
    passed = dict(re.findall(r"^        (GATE_\w+): \$\{\{ inputs\.([a-z-]+) \}\}$", text, re.MULTILINE))
    expect("every input is passed on", set(passed.values()) == inputs, f"{inputs} {passed}")
    with open(GATE, encoding="utf-8") as file:
        used = {"GATE_" + name for name in re.findall(r'(?:given|lines|options)\("(\w+)"\)', file.read())}
    expect("and used", used == set(passed), f"{used} {passed}")


with tempfile.TemporaryDirectory() as temporary:
    for number, test in enumerate((verdicts, inputs_are_words, comments)):
        folder = os.path.join(temporary, str(number))
        os.mkdir(folder)
        test(folder)
action_file()
sys.exit(1 if failures else 0)
