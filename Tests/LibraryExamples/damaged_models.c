// damaged_models [--as-is] FILE…: damages each model in many ways, opens it from memory, and uses what could be opened in every
// way, with ordinary and with extreme inputs. Nothing may crash; prints how many models were opened and run.
//
// --as-is  the files are damaged already
#include <float.h>
#include <giemsa.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DAMAGES = 60, LARGEST = 1 << 20, ROOM = LARGEST + 4096, MOST_PORTS = 8, MOST_BYTES = 16 << 20 };

static int opened, ran, refused;

// Xorshift: the same damage on every machine.
static uint64_t state = 88172645463325252ull;

static uint64_t draw(uint64_t below) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state % below;
}

// Changes `bytes` in one place. Returns the new length.
static size_t damage(unsigned char *bytes, size_t count) {
  static const unsigned char likely[] = {0, 1, 2, 3, 7, 8, 0x10, 0x7F, 0x80, 0xFF};
  if (count == 0) return 0;
  const size_t at = draw(count);
  size_t length = 1 + draw(16);
  switch (draw(7)) {
    case 0: bytes[at] ^= (unsigned char)(1u << draw(8)); return count;
    case 1: bytes[at] = likely[draw(sizeof likely)]; return count;
    case 2: return at;
    case 3:  // bytes are missing
      if (length > count - at) length = count - at;
      memmove(bytes + at, bytes + at + length, count - at - length);
      return count - length;
    case 4:  // bytes are there twice
      if (length > count - at) length = count - at;
      memmove(bytes + at + length, bytes + at, count - at);
      return count + length;
    case 5:  // the largest and the smallest numbers
      if (length > count - at) length = count - at;
      memset(bytes + at, draw(2) ? 0xFF : 0, length);
      return count;
    default: {  // two pieces change places
      const size_t other = draw(count);
      for (size_t i = 0; i < length && at + i < count && other + i < count; i++) {
        const unsigned char kept = bytes[at + i];
        bytes[at + i] = bytes[other + i];
        bytes[other + i] = kept;
      }
      return count;
    }
  }
}

static void fill(void *target, const giemsa_tensor *tensor, int kind) {
  static const float extremes[] = {NAN, INFINITY, -INFINITY, FLT_MAX, -FLT_MAX, FLT_MIN, 0.0f, -0.0f, 1e-45f};
  if (tensor->type == GIEMSA_FLOAT32) {
    float *numbers = target;
    for (size_t i = 0; i < tensor->byte_count / sizeof *numbers; i++)
      numbers[i] = kind == 0 ? (float)(i % 7) * 0.1f : extremes[draw(sizeof extremes / sizeof *extremes)];
  } else {
    // Bytes of any kind; a bool is 0 or 1.
    unsigned char *bytes = target;
    for (size_t i = 0; i < tensor->byte_count; i++)
      bytes[i] = tensor->type == GIEMSA_BOOL ? (unsigned char)draw(2) : kind == 0 ? 0 : (unsigned char)draw(256);
  }
}

static void run(giemsa_model *model, giemsa_session *session) {
  const size_t inputs = giemsa_input_count(model), outputs = giemsa_output_count(model);
  if (inputs > MOST_PORTS || outputs > MOST_PORTS) return;
  giemsa_input given[MOST_PORTS];
  giemsa_output wanted[MOST_PORTS];
  void *memory[2 * MOST_PORTS];
  size_t used = 0;
  int fits = 1;
  for (size_t i = 0; i < inputs + outputs; i++) {
    giemsa_tensor tensor = {.size = sizeof tensor};
    if (i < inputs ? giemsa_session_input(session, i, &tensor) : giemsa_session_output(session, i - inputs, &tensor)) abort();
    if (tensor.byte_count > MOST_BYTES || !(memory[used] = malloc(tensor.byte_count + 1))) {
      fits = 0;
      break;
    }
    if (i < inputs) {
      given[i] = (giemsa_input){memory[used], tensor.byte_count};
    } else {
      wanted[i - inputs] = (giemsa_output){memory[used], tensor.byte_count};
    }
    used++;
  }
  for (int kind = 0; fits && kind < 3; kind++) {
    for (size_t i = 0; i < inputs; i++) {
      giemsa_tensor tensor = {.size = sizeof tensor};
      if (giemsa_session_input(session, i, &tensor)) abort();
      fill(memory[i], &tensor, kind);
    }
    if (giemsa_run(session, given, inputs, wanted, outputs) == GIEMSA_OK) ran++;
  }
  while (used > 0) free(memory[--used]);
}

// Shapes near what the model declares.
static void reshape(giemsa_model *model, giemsa_session *session) {
  static const int64_t others[] = {0, 1, 2, 3, 5, 17, -1, INT64_MAX, INT64_MIN, (int64_t)1 << 31};
  const size_t inputs = giemsa_input_count(model);
  if (inputs > MOST_PORTS) return;
  int64_t extents[MOST_PORTS][64];
  giemsa_shape shapes[MOST_PORTS];
  for (int turn = 0; turn < 4; turn++) {
    for (size_t i = 0; i < inputs; i++) {
      giemsa_tensor tensor = {.size = sizeof tensor};
      if (giemsa_session_input(session, i, &tensor) || tensor.rank > 64) abort();
      for (size_t axis = 0; axis < tensor.rank; axis++)
        extents[i][axis] = draw(3) == 0 ? others[draw(sizeof others / sizeof *others)] : tensor.extents[axis];
      shapes[i] = (giemsa_shape){extents[i], tensor.rank};
    }
    if (giemsa_session_reshape(session, shapes, inputs) == GIEMSA_OK) run(model, session);
  }
}

static void ask(giemsa_model *model) {
  giemsa_tensor tensor = {.size = sizeof tensor};
  size_t index;
  for (size_t i = 0; i < giemsa_input_count(model); i++) {
    if (giemsa_model_input(model, i, &tensor)) abort();
    giemsa_find_input(model, tensor.name, &index);
  }
  for (size_t i = 0; i < giemsa_output_count(model); i++)
    if (giemsa_model_output(model, i, &tensor)) abort();
  giemsa_metadata(model, "giemsa.classes");
}

static void use(const unsigned char *bytes, size_t count) {
  giemsa_options options;
  giemsa_options_init(&options, sizeof options);
  options.memory_limit = 32 << 20;
  if (draw(2)) options.picture_height = options.picture_width = 8;
  options.threads = 1 + (int)draw(2);
  giemsa_model *model = NULL;
  if (giemsa_open_memory(bytes, count, &options, &model)) {
    refused++;
    if (strlen(giemsa_message()) < 5 || strchr(giemsa_message(), '\n')) abort();
    return;
  }
  opened++;
  ask(model);
  giemsa_session *session = NULL;
  if (giemsa_session_create(model, NULL, 0, &session) == GIEMSA_OK) {
    run(model, session);
    reshape(model, session);
    giemsa_session_free(session);
  }
  giemsa_classifier *classifier = NULL;
  if (giemsa_classifier_create(model, NULL, &classifier) == GIEMSA_OK) {
    static const uint8_t pixels[20 * 20 * 3] = {200, 100, 150};
    giemsa_answer answer = {.size = sizeof answer};
    giemsa_classify_pixels(classifier, pixels, 20, 20, 60, &answer, NULL, 0);
    giemsa_classifier_free(classifier);
  }
  giemsa_close(model);
}

int main(int count, char **arguments) {
  static unsigned char original[ROOM], changed[ROOM];
  const int is_damaged = count > 1 && strcmp(arguments[1], "--as-is") == 0;
  for (int i = 1 + is_damaged; i < count; i++) {
    alarm(120);  // for one file; the signal ends the program
    FILE *file = fopen(arguments[i], "rb");
    if (!file) {
      perror(arguments[i]);
      return 2;
    }
    const size_t length = fread(original, 1, LARGEST, file);
    fclose(file);
    if (is_damaged) use(original, length);
    for (int turn = 0; turn < DAMAGES && !is_damaged; turn++) {
      size_t left = length;
      memcpy(changed, original, length);
      for (uint64_t places = 1 + draw(3); places > 0; places--) left = damage(changed, left);
      use(changed, left);
    }
  }
  printf("%d models were opened, %d refused; %d runs\n", opened, refused, ran);
  return opened == 0;
}
