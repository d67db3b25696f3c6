// Parses and serialises messages, with a limited allocator for protobuf-c.
#ifndef GIEMSA_ONNX_MESSAGES_H
#define GIEMSA_ONNX_MESSAGES_H

#include "onnx.pb-c.h"

// Total bytes that one parse may allocate, freed or not. `exhausted` is set if it asked for more, which distinguishes
// "too big" from "damaged" when a parse returns NULL.
typedef struct {
  size_t left;
  int exhausted;
} onnx_budget;

// Parses; NULL if the bytes are not such a message or the budget is exhausted. Blocks come from malloc or
// aligned_alloc, those of a page or more 64-byte aligned. A caller may take a block out of the message (by setting the
// pointer to NULL and the length to 0) and free() it later.
Onnx__ModelProto *onnx_unpack_model(const uint8_t *bytes, size_t count, onnx_budget *budget);
Onnx__GraphProto *onnx_unpack_graph(const uint8_t *bytes, size_t count, onnx_budget *budget);
Onnx__NodeProto *onnx_unpack_node(const uint8_t *bytes, size_t count, onnx_budget *budget);
Onnx__TensorProto *onnx_unpack_tensor(const uint8_t *bytes, size_t count, onnx_budget *budget);

// Frees a parsed message, except for blocks that were taken out.
void onnx_free_model(Onnx__ModelProto *model);
void onnx_free_graph(Onnx__GraphProto *graph);
void onnx_free_node(Onnx__NodeProto *node);
void onnx_free_tensor(Onnx__TensorProto *tensor);

// Size of the serialised message.
size_t onnx_model_size(const Onnx__ModelProto *model);
size_t onnx_tensor_size(const Onnx__TensorProto *tensor);

// Writes to an open file through a small buffer; tensor data are written directly from their memory. Returns 0 on
// success, else errno.
int onnx_write_model(const Onnx__ModelProto *model, int file);
int onnx_write_tensor(const Onnx__TensorProto *tensor, int file);

#endif
