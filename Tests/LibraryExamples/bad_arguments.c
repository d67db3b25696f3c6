// bad_arguments FIXTURES FOLDER: every function with NULLs, wrong sizes, wrong names and damaged models. Prints what went wrong;
// the exit status is the number of checks that failed. FOLDER is for a temporary file.
#include <giemsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures, checks;

#define WANT(status, call)                                                                  \
  do {                                                                                      \
    const giemsa_status found = (call);                                                     \
    checks++;                                                                               \
    if (found != (status)) {                                                                \
      failures++;                                                                           \
      printf("line %d: %s is %d, not %s: %s\n", __LINE__, #call, found, #status, giemsa_message()); \
    }                                                                                       \
  } while (0)

#define HOLDS(claim)                                        \
  do {                                                      \
    checks++;                                               \
    if (!(claim)) {                                         \
      failures++;                                           \
      printf("line %d: not so: %s\n", __LINE__, #claim);    \
    }                                                       \
  } while (0)

static char *join(const char *folder, const char *name) {
  char *path = malloc(strlen(folder) + strlen(name) + 2);
  if (!path) exit(100);
  sprintf(path, "%s/%s", folder, name);
  return path;
}

static unsigned char *contents(const char *path, size_t *count) {
  FILE *file = fopen(path, "rb");
  unsigned char *bytes = malloc(1 << 16);
  if (!file || !bytes) exit(100);
  *count = fread(bytes, 1, 1 << 16, file);
  fclose(file);
  return bytes;
}

static void nulls(giemsa_model *model, giemsa_session *session, giemsa_classifier *classifier, const char *path) {
  giemsa_model *made = NULL;
  giemsa_session *planned = NULL;
  giemsa_classifier *judge = NULL;
  size_t index;
  giemsa_tensor tensor = {.size = sizeof tensor};
  double probabilities[2];
  const uint8_t pixels[12] = {0};

  giemsa_close(NULL);
  giemsa_session_free(NULL);
  giemsa_classifier_free(NULL);
  giemsa_options_init(NULL, 10);
  giemsa_picture_options_init(NULL, 10);
  giemsa_options untouched = {.threads = 7};
  giemsa_options_init(&untouched, SIZE_MAX);
  HOLDS(untouched.threads == 7);
  HOLDS(giemsa_version() && giemsa_instruction_set() && giemsa_message());
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_open(NULL, NULL, &made));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_open(path, NULL, NULL));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_open_memory(NULL, 5, NULL, &made));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_open_memory(pixels, 12, NULL, NULL));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_open_memory(pixels, SIZE_MAX, NULL, &made));
  HOLDS(giemsa_input_count(NULL) == 0 && giemsa_output_count(NULL) == 0);
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_model_input(NULL, 0, &tensor));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_model_output(NULL, 0, &tensor));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_model_input(model, 0, NULL));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_model_input(model, 1, &tensor));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_model_output(model, SIZE_MAX, &tensor));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_find_input(NULL, "x", &index));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_find_input(model, NULL, &index));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_find_input(model, "x", NULL));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_find_input(model, "", &index));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_find_input(model, "xx", &index));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_find_output(model, "x", &index));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_find_output(NULL, NULL, NULL));
  HOLDS(!giemsa_metadata(NULL, "a") && !giemsa_metadata(model, NULL) && !giemsa_metadata(model, "a"));
  HOLDS(giemsa_metadata(model, "giemsa.input_size"));
  HOLDS(giemsa_metadata_count(NULL) == 0 && giemsa_metadata_count(model) == 4);
  HOLDS(!giemsa_metadata_key(NULL, 0) && !giemsa_metadata_key(model, 4) && !giemsa_metadata_key(model, SIZE_MAX));
  HOLDS(giemsa_metadata(model, giemsa_metadata_key(model, 3)));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_session_create(NULL, NULL, 0, &planned));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_session_create(model, NULL, 0, NULL));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_session_create(model, NULL, 1, &planned));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_session_reshape(NULL, NULL, 0));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_session_reshape(session, NULL, 0));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_session_reshape(session, NULL, 1));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_session_input(NULL, 0, &tensor));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_session_input(session, 0, NULL));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_session_input(session, 9, &tensor));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_session_output(session, 9, &tensor));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_session_output(NULL, 0, NULL));
  HOLDS(strcmp(giemsa_session_message(NULL), "") == 0 && strcmp(giemsa_session_message(session), "") != 0);
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_run(NULL, NULL, 0, NULL, 0));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_run(session, NULL, 1, NULL, 1));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_classifier_create(NULL, NULL, &judge));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_classifier_create(model, NULL, NULL));
  HOLDS(giemsa_class_count(NULL) == 0 && giemsa_class_count(classifier) == 2);
  HOLDS(!giemsa_class_name(NULL, 0) && !giemsa_class_name(classifier, 2) && giemsa_class_name(classifier, 1));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_classify_file(NULL, path, NULL, NULL, 0));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_classify_file(classifier, NULL, NULL, NULL, 0));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_classify_memory(NULL, pixels, 12, NULL, NULL, 0));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_classify_memory(classifier, NULL, 12, NULL, NULL, 0));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_classify_memory(classifier, pixels, SIZE_MAX, NULL, NULL, 0));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_classify_pixels(NULL, pixels, 2, 2, 6, NULL, NULL, 0));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_classify_pixels(classifier, NULL, 2, 2, 6, NULL, NULL, 0));
  WANT(GIEMSA_OK, giemsa_classify_pixels(classifier, pixels, 2, 2, 6, NULL, NULL, 0));
  WANT(GIEMSA_BAD_SIZE, giemsa_classify_pixels(classifier, pixels, 2, 2, 6, NULL, NULL, 2));
  WANT(GIEMSA_BAD_SIZE, giemsa_classify_pixels(classifier, pixels, 2, 2, 6, NULL, probabilities, 1));
  WANT(GIEMSA_OK, giemsa_classify_pixels(classifier, pixels, 2, 2, 6, NULL, probabilities, 2));
  HOLDS(probabilities[0] + probabilities[1] > 0.999999 && probabilities[0] + probabilities[1] < 1.000001);
  HOLDS(!made && !planned && !judge);
}

static void sizes(giemsa_model *model, giemsa_session *session, giemsa_classifier *classifier, const char *path) {
  const uint8_t pixels[27] = {0};
  const size_t wrong[][3] = {{0, 3, 9}, {3, 0, 9}, {3, 3, 8}, {20000, 1, 60000}, {SIZE_MAX, SIZE_MAX, SIZE_MAX},
                             {3, 3, SIZE_MAX}, {16384, 16384, 49152}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    WANT(GIEMSA_BAD_PICTURE,
         giemsa_classify_pixels(classifier, pixels, wrong[i][0], wrong[i][1], wrong[i][2], NULL, NULL, 0));
  giemsa_answer answer = {.size = 3};
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_classify_pixels(classifier, pixels, 3, 3, 9, &answer, NULL, 0));
  HOLDS(strstr(giemsa_classifier_message(classifier), "answer->size"));
  giemsa_tensor tensor = {.size = 8};
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_model_input(model, 0, &tensor));

  float numbers[193], scores[3];
  memset(numbers, 0, sizeof numbers);
  giemsa_input input = {numbers, 192 * sizeof(float)};
  giemsa_output output = {scores, 2 * sizeof(float)};
  WANT(GIEMSA_OK, giemsa_run(session, &input, 1, &output, 1));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_run(session, &input, 2, &output, 1));
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_run(session, &input, 1, &output, 0));
  const size_t bad[] = {0, 4, 191 * sizeof(float), 193 * sizeof(float), SIZE_MAX};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    input.byte_count = bad[i];
    WANT(GIEMSA_BAD_SIZE, giemsa_run(session, &input, 1, &output, 1));
  }
  input = (giemsa_input){(const char *)numbers + 2, 192 * sizeof(float)};
  WANT(GIEMSA_BAD_SIZE, giemsa_run(session, &input, 1, &output, 1));
  input = (giemsa_input){NULL, 192 * sizeof(float)};
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_run(session, &input, 1, &output, 1));
  input = (giemsa_input){numbers, 192 * sizeof(float)};
  output.byte_count = 3 * sizeof(float);
  WANT(GIEMSA_BAD_SIZE, giemsa_run(session, &input, 1, &output, 1));

  const int64_t good[] = {2, 3, 8, 8}, odd[] = {2, 4, 8, 8}, minus[] = {-1, 3, 8, 8}, huge[] = {INT64_MAX, 3, 8, 8};
  giemsa_shape shape = {good, 3};
  WANT(GIEMSA_BAD_SHAPE, giemsa_session_reshape(session, &shape, 1));
  shape.rank = SIZE_MAX;
  WANT(GIEMSA_BAD_SHAPE, giemsa_session_reshape(session, &shape, 1));
  shape = (giemsa_shape){NULL, 4};
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_session_reshape(session, &shape, 1));
  shape = (giemsa_shape){odd, 4};
  WANT(GIEMSA_BAD_SHAPE, giemsa_session_reshape(session, &shape, 1));
  shape = (giemsa_shape){minus, 4};
  WANT(GIEMSA_BAD_SHAPE, giemsa_session_reshape(session, &shape, 1));
  shape = (giemsa_shape){huge, 4};
  WANT(GIEMSA_NO_MEMORY, giemsa_session_reshape(session, &shape, 1));
  shape = (giemsa_shape){good, 4};
  WANT(GIEMSA_OK, giemsa_session_reshape(session, &shape, 1));
  tensor.size = sizeof tensor;
  WANT(GIEMSA_OK, giemsa_session_output(session, 0, &tensor));
  HOLDS(tensor.rank == 2 && tensor.extents[0] == 2 && tensor.byte_count == 16);

  giemsa_options options;
  giemsa_model *made = NULL;
  giemsa_options_init(&options, sizeof options);
  options.size = 4;
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_open(path, &options, &made));
  giemsa_options_init(&options, sizeof options);
  options.threads = 0;
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_open(path, &options, &made));
  giemsa_options_init(&options, sizeof options);
  options.batch = 5000;
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_open(path, &options, &made));
  giemsa_options_init(&options, sizeof options);
  options.memory = 3;
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_open(path, &options, &made));
  giemsa_options_init(&options, sizeof options);
  options.picture_height = 8;
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_open(path, &options, &made));
  options.picture_width = 9;
  WANT(GIEMSA_BAD_SHAPE, giemsa_open(path, &options, &made));
  giemsa_options_init(&options, sizeof options);
  options.memory_limit = 5;
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_open(path, &options, &made));

  // A later version's struct: fine while what is new in it is 0.
  struct {
    giemsa_options options;
    uint64_t later;
  } longer;
  giemsa_options_init(&longer.options, sizeof longer);
  WANT(GIEMSA_OK, giemsa_open(path, &longer.options, &made));
  giemsa_close(made);
  made = NULL;
  longer.later = 1;
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_open(path, &longer.options, &made));

  giemsa_picture_options pictures;
  giemsa_classifier *judge = NULL;
  const float colors[] = {0.5f, 0.5f, 0.5f}, zeros[] = {0, 0, 0};
  const char *names[] = {"one", "two", "three"}, *holes[] = {"one", NULL}, *twins[] = {"one", "one"};
  giemsa_picture_options_init(&pictures, sizeof pictures);
  pictures.width = 8;
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_classifier_create(model, &pictures, &judge));
  giemsa_picture_options_init(&pictures, sizeof pictures);
  pictures.overrides = 1;
  pictures.std = zeros;
  WANT(GIEMSA_BAD_MODEL, giemsa_classifier_create(model, &pictures, &judge));
  pictures.std = pictures.mean = colors;
  pictures.classes = names;
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_classifier_create(model, &pictures, &judge));
  pictures.class_count = 3;
  WANT(GIEMSA_BAD_MODEL, giemsa_classifier_create(model, &pictures, &judge));
  pictures.class_count = 2;
  WANT(GIEMSA_OK, giemsa_classifier_create(model, &pictures, &judge));
  HOLDS(judge && strcmp(giemsa_class_name(judge, 1), "two") == 0);
  giemsa_classifier_free(judge);
  judge = NULL;
  pictures.classes = holes;
  WANT(GIEMSA_BAD_ARGUMENT, giemsa_classifier_create(model, &pictures, &judge));
  pictures.classes = twins;
  WANT(GIEMSA_BAD_MODEL, giemsa_classifier_create(model, &pictures, &judge));
  pictures.classes = names;
  pictures.overrides = 0;
  WANT(GIEMSA_BAD_MODEL, giemsa_classifier_create(model, &pictures, &judge));
}

// An output whose shape only a run finds.
static void late(const char *fixtures) {
  char *path = join(fixtures, "models/late.onnx");
  giemsa_model *model = NULL;
  giemsa_session *session = NULL;
  giemsa_tensor tensor = {.size = sizeof tensor};
  WANT(GIEMSA_OK, giemsa_open(path, NULL, &model));
  WANT(GIEMSA_OK, giemsa_session_create(model, NULL, 0, &session));
  WANT(GIEMSA_OK, giemsa_session_output(session, 0, &tensor));
  HOLDS(tensor.rank == 2 && tensor.extents[0] == -1 && tensor.extents[1] == -1 && tensor.byte_count == 0);
  HOLDS(giemsa_session_output_data(session, 0) == NULL);

  const float x[] = {-1, 2, -3, 4, -5, 6};
  int64_t target[] = {3, 2};
  float positive[6] = {0};
  giemsa_input inputs[] = {{x, sizeof x}, {target, sizeof target}};
  giemsa_output outputs[] = {{NULL, 0}, {positive, sizeof positive}};
  WANT(GIEMSA_OK, giemsa_run(session, inputs, 2, outputs, 2));
  WANT(GIEMSA_OK, giemsa_session_output(session, 0, &tensor));
  HOLDS(tensor.extents[0] == 3 && tensor.extents[1] == 2 && tensor.byte_count == 6 * sizeof *x);
  const float *reshaped = giemsa_session_output_data(session, 0);
  HOLDS(reshaped && reshaped[0] == 1 && reshaped[5] == 7 && positive[1] == 2);
  HOLDS(!giemsa_session_output_data(session, 1) && !giemsa_session_output_data(session, 2));
  HOLDS(!giemsa_session_output_data(NULL, 0));
  target[0] = 4;
  WANT(GIEMSA_BAD_MODEL, giemsa_run(session, inputs, 2, outputs, 2));
  outputs[0] = (giemsa_output){positive, sizeof positive};
  WANT(GIEMSA_BAD_SIZE, giemsa_run(session, inputs, 2, outputs, 2));
  giemsa_session_free(session);
  giemsa_close(model);
  free(path);
}

// Inputs of other types, values that an operator refuses, an output that is a constant.
static void ports(const char *fixtures) {
  char *path = join(fixtures, "models/ports.onnx");
  giemsa_model *model = NULL;
  giemsa_session *session = NULL;
  giemsa_tensor tensor = {.size = sizeof tensor};
  size_t index = 0;
  WANT(GIEMSA_OK, giemsa_open(path, NULL, &model));
  WANT(GIEMSA_OK, giemsa_session_create(model, NULL, 0, &session));
  WANT(GIEMSA_OK, giemsa_find_output(model, "flags", &index));
  HOLDS(index == 2);
  WANT(GIEMSA_OK, giemsa_session_output(session, index, &tensor));
  HOLDS(tensor.type == GIEMSA_BOOL && tensor.byte_count == 3);

  const float data[] = {0, 1, 2};
  int64_t indices[] = {2, -3};
  float picked[2] = {0}, known[2] = {0};
  unsigned char flags[3] = {9, 9, 9};
  giemsa_input inputs[] = {{data, sizeof data}, {indices, sizeof indices}};
  giemsa_output outputs[] = {{picked, sizeof picked}, {known, sizeof known}, {flags, sizeof flags}};
  WANT(GIEMSA_OK, giemsa_run(session, inputs, 2, outputs, 3));
  HOLDS(picked[0] == 2 && picked[1] == 0 && known[0] != 0 && flags[0] == 0 && flags[1] == 1 && flags[2] == 1);
  const int64_t wrong[] = {3, -4, INT64_MAX, INT64_MIN};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    indices[1] = wrong[i];
    WANT(GIEMSA_BAD_ARGUMENT, giemsa_run(session, inputs, 2, outputs, 3));
  }
  HOLDS(giemsa_code() == 213);
  inputs[1].byte_count = 12;
  WANT(GIEMSA_BAD_SIZE, giemsa_run(session, inputs, 2, outputs, 3));
  giemsa_session_free(session);
  giemsa_close(model);
  free(path);
}

// A file that another program writes to while it is open.
static void changes(const char *fixtures, const char *folder) {
  char *cells = join(fixtures, "models/cells.onnx"), *others = join(fixtures, "models/ports.onnx");
  char *path = join(folder, "changes.onnx");
  size_t count, other_count;
  unsigned char *bytes = contents(cells, &count), *other = contents(others, &other_count);
  giemsa_model *model = NULL;
  giemsa_session *session = NULL;
  giemsa_classifier *judge = NULL;
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(bytes, 1, count, file) != count || fclose(file)) exit(100);
  WANT(GIEMSA_OK, giemsa_open(path, NULL, &model));
  file = fopen(path, "r+b");
  if (!file || fwrite(other, 1, other_count, file) != other_count || fclose(file)) exit(100);
  const int64_t extents[] = {2, 3, 8, 8};
  const giemsa_shape shape = {extents, 4};
  WANT(GIEMSA_OK, giemsa_session_create(model, NULL, 0, &session));
  WANT(GIEMSA_UNREADABLE, giemsa_session_reshape(session, &shape, 1));
  HOLDS(strcmp(giemsa_session_message(session), giemsa_message()) == 0);
  WANT(GIEMSA_UNREADABLE, giemsa_classifier_create(model, NULL, &judge));
  giemsa_session_free(session);
  giemsa_close(model);
  remove(path);
  free(path);
  free(cells);
  free(others);
  free(bytes);
  free(other);
}

static void damage(const char *fixtures) {
  giemsa_model *made = NULL;
  giemsa_session *session = NULL;
  giemsa_classifier *judge = NULL;
  size_t count, picture_count;
  char *cells = join(fixtures, "models/cells.onnx"), *open = join(fixtures, "models/open.onnx");
  char *picture = join(fixtures, "pictures/kind-rgb8.png"), *codes = join(fixtures, "codes/E204-channels.onnx");
  unsigned char *bytes = contents(cells, &count), *png = contents(picture, &picture_count);

  WANT(GIEMSA_UNREADABLE, giemsa_open("/nowhere", NULL, &made));
  HOLDS(giemsa_code() == 101);
  WANT(GIEMSA_UNREADABLE, giemsa_open("", NULL, &made));
  WANT(GIEMSA_UNREADABLE, giemsa_open(fixtures, NULL, &made));
  WANT(GIEMSA_BAD_MODEL, giemsa_open(picture, NULL, &made));
  WANT(GIEMSA_BAD_MODEL, giemsa_open(codes, NULL, &made));
  HOLDS(giemsa_code() == 204 && strstr(giemsa_message(), "E204"));
  WANT(GIEMSA_UNREADABLE, giemsa_open_memory(bytes, 0, NULL, &made));
  // Every beginning of a model: refused, or (without its last metadata) run.
  for (size_t length = 1; length < count; length++) {
    made = NULL;
    if (giemsa_open_memory(bytes, length, NULL, &made) == GIEMSA_OK) giemsa_close(made);
    checks++;
  }
  // Every byte changed.
  for (size_t at = 0; at < count; at++) {
    bytes[at] ^= 0x15;
    made = NULL;
    if (giemsa_open_memory(bytes, count, NULL, &made) == GIEMSA_OK) {
      judge = NULL;
      if (giemsa_classifier_create(made, NULL, &judge) == GIEMSA_OK) {
        giemsa_classify_memory(judge, png, picture_count, NULL, NULL, 0);
        giemsa_classifier_free(judge);
      }
      giemsa_close(made);
    }
    bytes[at] ^= 0x15;
    checks++;
  }
  made = NULL;
  judge = NULL;
  WANT(GIEMSA_OK, giemsa_open_memory(bytes, count, NULL, &made));
  memset(bytes, 0, count);  // the model has its own copy
  WANT(GIEMSA_OK, giemsa_classifier_create(made, NULL, &judge));
  giemsa_close(made);  // before its classifier
  for (size_t length = 0; length < picture_count; length += 7)
    WANT(GIEMSA_BAD_PICTURE, giemsa_classify_memory(judge, png, length, NULL, NULL, 0));
  WANT(GIEMSA_OK, giemsa_classify_memory(judge, png, picture_count, NULL, NULL, 0));
  WANT(GIEMSA_UNREADABLE, giemsa_classify_file(judge, "/nowhere", NULL, NULL, 0));
  WANT(GIEMSA_BAD_PICTURE, giemsa_classify_file(judge, cells, NULL, NULL, 0));
  WANT(GIEMSA_BAD_PICTURE, giemsa_classify_file(judge, fixtures, NULL, NULL, 0));
  giemsa_classifier_free(judge);

  made = NULL;
  WANT(GIEMSA_OK, giemsa_open(open, NULL, &made));
  giemsa_tensor tensor = {.size = sizeof tensor};
  WANT(GIEMSA_OK, giemsa_model_input(made, 0, &tensor));
  HOLDS(tensor.rank == 4 && tensor.extents[2] == -1 && tensor.byte_count == 0);
  WANT(GIEMSA_BAD_SHAPE, giemsa_session_create(made, NULL, 0, &session));
  WANT(GIEMSA_BAD_MODEL, giemsa_classifier_create(made, NULL, &judge));
  const int64_t extents[] = {1, 3, 8, 8};
  const giemsa_shape shape = {extents, 4};
  WANT(GIEMSA_OK, giemsa_session_create(made, &shape, 1, &session));
  giemsa_close(made);
  WANT(GIEMSA_OK, giemsa_session_input(session, 0, &tensor));
  HOLDS(tensor.byte_count == 768 && strcmp(tensor.name, "x") == 0 && tensor.type == GIEMSA_FLOAT32);
  giemsa_session_free(session);
  free(cells);
  free(open);
  free(picture);
  free(codes);
  free(bytes);
  free(png);
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  char *path = join(arguments[1], "models/cells.onnx");
  giemsa_model *model = NULL;
  giemsa_session *session = NULL;
  giemsa_classifier *classifier = NULL;
  WANT(GIEMSA_OK, giemsa_open(path, NULL, &model));
  WANT(GIEMSA_OK, giemsa_session_create(model, NULL, 0, &session));
  WANT(GIEMSA_OK, giemsa_classifier_create(model, NULL, &classifier));
  if (failures) return 1;
  nulls(model, session, classifier, path);
  sizes(model, session, classifier, path);
  late(arguments[1]);
  ports(arguments[1]);
  changes(arguments[1], arguments[2]);
  damage(arguments[1]);
  giemsa_session_free(session);
  giemsa_classifier_free(classifier);
  giemsa_close(model);
  free(path);
  printf("%d checks, %d failed\n", checks, failures);
  return failures > 100 ? 100 : failures;
}
