// classify MODEL PICTURE…: what each PNG file shows.
#include <giemsa.h>
#include <stdio.h>

// snippet: classify
static int classify(const char *path, char **pictures, int count) {
  giemsa_model *model = NULL;
  giemsa_classifier *classifier = NULL;
  int failures = 0;
  if (giemsa_open(path, NULL, &model) || giemsa_classifier_create(model, NULL, &classifier)) {
    fprintf(stderr, "%s: %s\n", path, giemsa_message());
    giemsa_close(model);
    return 1;
  }
  for (int i = 0; i < count; i++) {
    giemsa_answer answer = {.size = sizeof answer};
    if (giemsa_classify_file(classifier, pictures[i], &answer, NULL, 0)) {
      fprintf(stderr, "%s\n", giemsa_message());
      failures++;
    } else {
      printf("%s %.4f\n", answer.class_name, answer.probability);
    }
  }
  giemsa_classifier_free(classifier);
  giemsa_close(model);
  return failures > 0;
}
// end

int main(int count, char **arguments) {
  if (count < 3) {
    fprintf(stderr, "usage: classify MODEL PICTURE...\n");
    return 2;
  }
  return classify(arguments[1], arguments + 2, count - 2);
}
