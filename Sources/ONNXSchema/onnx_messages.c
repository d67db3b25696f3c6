#include "onnx_messages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *budget_alloc(void *data, size_t size) {
  onnx_budget *budget = data;
  // Every block has at least this much heap overhead.
  size_t cost = size + 16;
  if (cost < size || cost > budget->left) {
    budget->exhausted = 1;
    return NULL;
  }
  budget->left -= cost;
  // Tensor data is read by vector instructions: align to a cache line. For all else malloc's 16 bytes are enough.
  if (size >= 4096) return aligned_alloc(64, (size + 63) & ~(size_t)63);
  return malloc(size ? size : 1);
}

static void budget_free(void *data, void *block) {
  (void)data;
  free(block);
}

static ProtobufCMessage *unpack(
    const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes, size_t count, onnx_budget *budget) {
  ProtobufCAllocator allocator = {budget_alloc, budget_free, budget};
  return protobuf_c_message_unpack(descriptor, &allocator, count, bytes);
}

static void let_go(ProtobufCMessage *message) {
  ProtobufCAllocator allocator = {budget_alloc, budget_free, NULL};
  if (message) protobuf_c_message_free_unpacked(message, &allocator);
}

Onnx__ModelProto *onnx_unpack_model(const uint8_t *bytes, size_t count, onnx_budget *budget) {
  return (Onnx__ModelProto *)unpack(&onnx__model_proto__descriptor, bytes, count, budget);
}

Onnx__GraphProto *onnx_unpack_graph(const uint8_t *bytes, size_t count, onnx_budget *budget) {
  return (Onnx__GraphProto *)unpack(&onnx__graph_proto__descriptor, bytes, count, budget);
}

Onnx__NodeProto *onnx_unpack_node(const uint8_t *bytes, size_t count, onnx_budget *budget) {
  return (Onnx__NodeProto *)unpack(&onnx__node_proto__descriptor, bytes, count, budget);
}

Onnx__TensorProto *onnx_unpack_tensor(const uint8_t *bytes, size_t count, onnx_budget *budget) {
  return (Onnx__TensorProto *)unpack(&onnx__tensor_proto__descriptor, bytes, count, budget);
}

void onnx_free_model(Onnx__ModelProto *model) { let_go((ProtobufCMessage *)model); }

void onnx_free_graph(Onnx__GraphProto *graph) { let_go((ProtobufCMessage *)graph); }

void onnx_free_node(Onnx__NodeProto *node) { let_go((ProtobufCMessage *)node); }

void onnx_free_tensor(Onnx__TensorProto *tensor) { let_go((ProtobufCMessage *)tensor); }

size_t onnx_model_size(const Onnx__ModelProto *model) { return protobuf_c_message_get_packed_size(&model->base); }

size_t onnx_tensor_size(const Onnx__TensorProto *tensor) { return protobuf_c_message_get_packed_size(&tensor->base); }

typedef struct {
  ProtobufCBuffer base;  // must be first: protobuf-c passes a pointer to it back
  int file;
  int error;
  size_t filled;
  uint8_t bytes[16384];
} file_buffer;

static void write_all(file_buffer *buffer, const uint8_t *bytes, size_t count) {
  while (count > 0 && !buffer->error) {
    ssize_t n = write(buffer->file, bytes, count);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      buffer->error = errno;
    } else {
      bytes += n;
      count -= (size_t)n;
    }
  }
}

static void append(ProtobufCBuffer *base, size_t count, const uint8_t *bytes) {
  file_buffer *buffer = (file_buffer *)base;
  if (count > sizeof buffer->bytes - buffer->filled) {
    write_all(buffer, buffer->bytes, buffer->filled);
    buffer->filled = 0;
  }
  if (count > sizeof buffer->bytes) {
    write_all(buffer, bytes, count);
  } else if (count > 0) {
    memcpy(buffer->bytes + buffer->filled, bytes, count);
    buffer->filled += count;
  }
}

static int write_message(const ProtobufCMessage *message, int file) {
  file_buffer buffer;
  buffer.base.append = append;
  buffer.file = file;
  buffer.error = 0;
  buffer.filled = 0;
  protobuf_c_message_pack_to_buffer(message, &buffer.base);
  write_all(&buffer, buffer.bytes, buffer.filled);
  return buffer.error;
}

int onnx_write_model(const Onnx__ModelProto *model, int file) { return write_message(&model->base, file); }

int onnx_write_tensor(const Onnx__TensorProto *tensor, int file) { return write_message(&tensor->base, file); }
