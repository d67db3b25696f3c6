// Messages in and out of bytes, with protobuf-c's allocator on a leash.
#ifndef GIEMSA_ONNX_MESSAGES_H
#define GIEMSA_ONNX_MESSAGES_H

#include "onnx.pb-c.h"

// Bytes that one parse may ask for in all, freed or not. `exhausted` is set when it asked for more, which tells
// "too big" from "damaged" where a parse returns NULL.
typedef struct {
  size_t left;
  int exhausted;
} onnx_budget;

// Parse; NULL if the bytes are not such a message or the budget does not do. Every block comes from malloc or
// aligned_alloc, those of a page or more 64-byte aligned, so that a caller may take one out of the message (set the
// pointer to NULL and the length to 0) and free() it later.
Onnx__ModelProto *onnx_unpack_model(const uint8_t *bytes, size_t count, onnx_budget *budget);
Onnx__TensorProto *onnx_unpack_tensor(const uint8_t *bytes, size_t count, onnx_budget *budget);

// Let go of a message from above (its blocks that were taken out stay).
void onnx_free_model(Onnx__ModelProto *model);
void onnx_free_tensor(Onnx__TensorProto *tensor);

// The file's size if written.
size_t onnx_model_size(const Onnx__ModelProto *model);
size_t onnx_tensor_size(const Onnx__TensorProto *tensor);

// Writes to an open file through a small buffer; the tensors' data goes straight from where it lies.
// 0 on success, else errno.
int onnx_write_model(const Onnx__ModelProto *model, int file);
int onnx_write_tensor(const Onnx__TensorProto *tensor, int file);

#endif
