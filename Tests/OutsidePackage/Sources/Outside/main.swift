import Giemsa

// Outside FIXTURES: runs every example on the models and pictures in that folder. Expected.txt has what it prints.

let fixtures = CommandLine.arguments[1]
let cells = fixtures + "/models/cells.onnx"
let picture = fixtures + "/pictures/kind-rgb8.png"

try runFiveLines(cells)
try runByName(fixtures + "/models/two-inputs.onnx")
try runOnOwnMemory(cells)
try runOnThreads(cells)
try reshape(fixtures + "/models/open.onnx")
try openFromMemory(cells)
try choose(cells)
try classify(cells, picture)
try classifyPixels(cells)
try describe(fixtures + "/models/open.onnx", picture)
explain(fixtures + "/codes/E204-channels.onnx")
validate(fixtures + "/codes/E204-channels.onnx")
