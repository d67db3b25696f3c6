// Written by tools/generate-codes from docs/CODES.md; change that page instead.

/// What docs/CODES.md says of each code, a line for each: the code, its meaning and what to do, between bars.
enum CodeTexts {
  static let table = """
    E101|The file cannot be read (or, when writing, written): the system's reason follows.|Check path and \
    permissions; it must be a regular file.
    E102|The file is empty.|Copy or export it again; look for a full disk.
    E103|This is not an ONNX file. Where its first bytes are known, the line says what it may be.|Export the \
    model to ONNX (`giemsa export`, `torch.onnx.export`).
    E104|It begins like an ONNX file but is damaged or truncated.|Copy it again and compare sizes.
    E105|It exceeds a limit: size, number of nodes, length of a name, memory for parsing or of the graph, \
    …|Ordinary networks are far below the limits. They are the fields of `Limits` in `ModelGraph`. A larger \
    `--max-memory` admits larger graphs.
    E106|Its IR version is not one of 3 to 14.|Export it with a current tool.
    E107|Its operator set (opset) is not one of 1 to 28, is missing or given twice. For `upgrade`: the wanted \
    opset cannot say what a node does.|Export it for opset 21; upgrade to a newer one.
    E108|A node's operator belongs to a domain other than `ai.onnx` and `com.microsoft`.|Export without custom \
    operators.
    E109|A node contains a subgraph (If, Loop, Scan).|Export the model traced, without control flow.
    E110|The file defines functions, or a node refers to a function's attributes.|Inline them: \
    `onnx.inliner.inline_local_functions`.
    E111|A tensor, input or output has an element type other than float16, bfloat16, float32, float64, int8 to \
    int64, uint8 to uint64 and bool, or is not a tensor.|Convert it to float32.
    E112|A tensor has more or less data than its shape needs, or has it in the wrong field.|The file is damaged \
    or its writer is wrong: export it again.
    E113|External data lies outside the model's folder, or is not a regular file there. Links are not \
    followed.|Put the data file beside the model, or embed the weights.
    E114|The external data file is missing or cannot be opened.|Copy it along with the model.
    E115|External data: offset and length do not fit the tensor's shape or the file.|Copy or export both files \
    again.
    E116|The file holds no graph.|Export it again.
    E117|A tensor is sparse.|Export with dense weights.
    E118|Only signed models are taken (`--trusted`, or keys in `/etc/giemsa/trusted`), and this one, or data \
    outside its file, has no signature.|`giemsa sign MODEL --key KEY` by someone whose key is trusted, or copy \
    `MODEL.minisig` along with the model.
    E119|The signature is another key's, damaged, or of other bytes than the model's or its data's.|Get the file \
    and its signature again from whoever signed it. Do not run it otherwise.
    E201|The operator is not supported.|OPERATORS.md lists the supported ones; often a simpler export option \
    avoids the operator. A program that `tools/build-field --for` made for other models says so.
    E202|A node reads a value that no node produces and that is not an input or initialiser.|Export it again.
    E203|A value depends on itself.|The file was edited or its writer is wrong.
    E204|Shapes do not match: channels of input and weights, operands of a sum, the declared output.|The line \
    names both shapes; most often the wrong weights or input size.
    E205|A tensor has the wrong number of axes.|As above.
    E206|An attribute has a value that the operator does not allow, is missing, or does not exist in this \
    opset.|Look at the operator's page at onnx.ai.
    E207|A node has too few or too many inputs or outputs.|As above.
    E208|Element types do not match: an operator does not accept the type, or inputs disagree, as a zero point \
    and what it belongs to.|Insert a Cast, or export in one type.
    E209|Two values have the same name.|Export it again, or rename one.
    E210|An output of the model is produced by no node, or there are no outputs.|Export it again.
    E211|A shape depends on a value that is only known when the model runs, and the file does not declare the \
    type of the output behind it; or (when training, quantising or classifying) the model has such a shape.|Make \
    the value an initialiser: fix the input size when exporting, or run onnx-simplifier. Declare the output.
    E212|A tensor would have more than 2^31 - 1 elements, a negative extent, or more bytes than there is memory; \
    or (when running) the model would need more memory beyond its weights than `--max-memory` allows (512 MiB \
    for each picture of a batch by default).|Check the input size and the batch; raise the limit with \
    `--max-memory 2G` if the model is to be trusted.
    E213|An input has no type or shape, has no name, or (when running) does not match the given data.|Export it \
    with input shapes.
    E214|Weights hold NaN or infinities, or another constant holds NaN. Infinities are accepted where they may \
    be bounds or masks.|The training diverged or the file is damaged: train or export again.
    E215|Metadata under a `giemsa.` key is malformed or contradicts the graph: as many classes as outputs, \
    distinct names, as many means as channels, a Softmax over the classes.|Correct the entry; docs/METADATA.md \
    describes each.
    W301|An initialiser that no node reads.|Nothing; exporting again makes the file smaller.
    W302|A node on which no output depends.|Nothing; it is removed when the model runs.
    W303|No `giemsa.` metadata: class names, mean and deviation are unknown.|Pass them to `infer` as options, or \
    export with `giemsa export`.
    W304|The nodes are not in topological order; they are sorted.|Nothing here; other tools may refuse the file. \
    Exporting again fixes it.
    W305|A shape depends on a value that is only known when the model runs. The node and all nodes behind it run \
    by their plain definitions, after the planned part of the graph.|Nothing at the end of a detector. Elsewhere \
    make the value an initialiser: fix the input size when exporting, or run onnx-simplifier.
    W306|A scale of a quantised tensor is zero, negative, NaN or denormal.|Quantise again with calibration \
    pictures that reach every part of the network.
    W307|More than a twentieth of quantised weights lie at the ends of their type: the range is too small for \
    them.|Quantise again with larger scales, or a scale for each channel.
    W308|Quantised weights use less than a tenth of the range of their type.|Quantise again with smaller scales, \
    or a scale for each channel.
    W309|A bias in int32 is 2^30 or larger: with products added to it, sums of 32 bits overflow.|Quantise again; \
    a scale of weights or input is too small.
    W310|Of a convolution's or product's two operands one is quantised and the other is not, so that it runs in \
    float.|Quantise both, or neither.
    W311|All weights of a layer are zero.|Most often the file was written before training.
    W312|Two initialisers of 16 KiB or more hold the same bytes.|Share one, if that is meant; it makes the file \
    smaller.
    W313|Output channels of a layer have no weight other than zero.|Nothing; pruning them makes the model \
    faster.
    W314|Variances of a BatchNormalization are negative, or practically zero (below 1e-12): their channel's \
    output is NaN or hugely amplified noise.|Train with a smaller learning rate, or prune the channel.
    W315|An output is named like a probability (`prob`, `softmax`), but no Softmax or Sigmoid makes it.|Add the \
    Softmax, or rename the output to `logits`.
    W316|Nodes compute in float64, though neither inputs nor outputs are.|Look for a constant of type double in \
    the code that was exported (numpy's default), and make it float32.
    W317|A constant of more than 1 MiB that folding would make smaller: a node computes less from it, or it is \
    one value many times.|Run onnx-simplifier, or export with constant folding.
    W318|An input of the model that no node reads.|Remove it, so that callers need not feed it.
    W319|An input of pictures (four axes) fixes the batch.|Export it with a free first axis (`dynamic_axes`, \
    `dynamic_shapes`) to run several pictures at once.
    E401|File and external data have more bytes than `--max-size` allows.|Quantise the model, or store its \
    weights as float16; W312 and W317 name what is superfluous.
    E402|The model has more parameters than `--max-parameters` allows.|Take a smaller architecture, or prune it.
    E403|A run takes more multiply-adds than `--max-multiply-adds` allows, with a batch of one and the size that \
    the model records, else 224 × 224.|Take a smaller architecture or picture; `inspect` shows which nodes cost \
    most.
    E404|Such a run takes more memory than `--max-memory` allows, the program and the weights included; or no \
    plan can be made, and the line says why.|Quantise the model, or take a smaller picture; `inspect` shows the \
    largest activations.
    E405|The opset is not in the range of `--opset`.|Export for another opset, or convert it with `giemsa-field \
    upgrade`.
    E406|An operator is not in the list of `--operators`.|Another export option often avoids the operator; \
    otherwise extend the list.
    E407|The engine of `--target` does not run an operator, as far as our tables tell.|Another export option \
    often avoids the operator.
    E408|`--batch free` is given, and an input of pictures fixes the batch.|Export it with a free first axis.
    """
}
