// run_tensors MODEL: shows the model's inputs and outputs, runs it on made-up numbers, prints its first output.
#include <giemsa.h>
#include <stdio.h>
#include <stdlib.h>

static void show(const char *kind, const giemsa_tensor *tensor) {
  printf("%s %s [", kind, tensor->name);
  for (size_t axis = 0; axis < tensor->rank; axis++) printf(axis ? ", %lld" : "%lld", (long long)tensor->extents[axis]);
  printf("] %zu bytes\n", tensor->byte_count);
}

static int fail(void) {
  fprintf(stderr, "%s\n", giemsa_message());
  return 1;
}

int main(int count, char **arguments) {
  if (count != 2) {
    fprintf(stderr, "usage: run_tensors MODEL\n");
    return 2;
  }
  // snippet: run
  giemsa_options options;
  giemsa_options_init(&options, sizeof options);
  options.threads = 2;
  giemsa_model *model;
  giemsa_session *session;
  if (giemsa_open(arguments[1], &options, &model)) return fail();
  if (giemsa_session_create(model, NULL, 0, &session)) return fail();

  giemsa_tensor x = {.size = sizeof x}, y = {.size = sizeof y};
  if (giemsa_session_input(session, 0, &x) || giemsa_session_output(session, 0, &y)) return fail();
  float *numbers = malloc(x.byte_count), *scores = malloc(y.byte_count);
  if (!numbers || !scores) return 1;
  for (size_t i = 0; i < x.byte_count / sizeof *numbers; i++) numbers[i] = (float)(i % 7) * 0.1f;

  giemsa_input input = {numbers, x.byte_count};
  giemsa_output output = {scores, y.byte_count};
  if (giemsa_run(session, &input, 1, &output, 1)) return fail();
  // end
  show("input", &x);
  show("output", &y);
  for (size_t i = 0; i < y.byte_count / sizeof *scores; i++) printf("%.4f\n", scores[i]);
  free(numbers);
  free(scores);
  giemsa_session_free(session);
  giemsa_close(model);
  return 0;
}
