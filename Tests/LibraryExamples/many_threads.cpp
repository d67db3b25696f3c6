// many_threads MODEL: eight threads use one model at once in every way that giemsa.h allows. Each makes and frees sessions
// and classifiers, reshapes, runs, and fails on purpose, so that objects that threads share are counted up and down all the
// time. The exit status is the number of threads that saw something wrong.
#include <giemsa.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

static const int pixels = 3 * 8 * 8;

static std::vector<float> numbers(int pictures) {
  std::vector<float> all(pixels * pictures);
  for (size_t i = 0; i < all.size(); i++) all[i] = static_cast<float>(i % pixels % 7) * 0.1f;
  return all;
}

static bool isExpected(const std::vector<float> &scores) {
  for (size_t i = 0; i < scores.size(); i += 2) {
    if (std::fabs(scores[i] - 0.12578249f) > 1e-5f || std::fabs(scores[i + 1] - 0.23652971f) > 1e-5f) return false;
  }
  return true;
}

static bool run(giemsa_session *session, int pictures) {
  const std::vector<float> all = numbers(pictures);
  std::vector<float> scores(2 * pictures);
  const giemsa_input input = {all.data(), all.size() * sizeof(float)};
  const giemsa_output output = {scores.data(), scores.size() * sizeof(float)};
  return giemsa_run(session, &input, 1, &output, 1) == GIEMSA_OK && isExpected(scores);
}

// A failure's message belongs to its thread.
static bool fails(giemsa_model *model, int number) {
  const std::string name = "thread " + std::to_string(number);
  size_t index;
  return giemsa_find_input(model, name.c_str(), &index) == GIEMSA_BAD_ARGUMENT &&
         std::strstr(giemsa_message(), ("'" + name + "'").c_str()) != nullptr;
}

static bool classify(giemsa_model *model) {
  giemsa_classifier *classifier = nullptr;
  if (giemsa_classifier_create(model, nullptr, &classifier) != GIEMSA_OK) return false;
  const std::vector<uint8_t> gray(10 * 10 * 3, 100);
  double probabilities[2];
  giemsa_answer answer;
  answer.size = sizeof answer;
  const bool isFine =
      giemsa_classify_pixels(classifier, gray.data(), 10, 10, 30, &answer, probabilities, 2) == GIEMSA_OK &&
      std::strcmp(answer.class_name, giemsa_class_name(classifier, answer.class_index)) == 0 &&
      answer.probability == probabilities[answer.class_index];
  giemsa_classifier_free(classifier);
  return isFine;
}

static bool use(giemsa_model *model, int number, int rounds) {
  const int64_t extents[] = {1 + number % 3, 3, 8, 8};
  const giemsa_shape shape = {extents, 4};
  for (int round = 0; round < rounds; round++) {
    giemsa_session *first = nullptr, *second = nullptr;
    if (giemsa_session_create(model, nullptr, 0, &first) != GIEMSA_OK) return false;
    if (giemsa_session_create(model, &shape, 1, &second) != GIEMSA_OK) return false;
    giemsa_tensor tensor;
    tensor.size = sizeof tensor;
    const bool isFine = giemsa_version() && giemsa_instruction_set() && giemsa_metadata(model, "giemsa.input_size") &&
                        giemsa_model_input(model, 0, &tensor) == GIEMSA_OK && run(first, 1) &&
                        run(second, 1 + number % 3) && fails(model, number) &&
                        giemsa_session_reshape(first, &shape, 1) == GIEMSA_OK && run(first, 1 + number % 3) &&
                        classify(model);
    giemsa_session_free(first);
    giemsa_session_free(second);
    if (!isFine) return false;
  }
  return true;
}

int main(int count, char **arguments) {
  if (count < 2) {
    std::fprintf(stderr, "usage: many_threads MODEL [ROUNDS]\n");
    return 2;
  }
  const int rounds = count > 2 ? std::atoi(arguments[2]) : 50;
  enum { THREADS = 8 };
  bool isFine[THREADS];
  // First without a call before the threads begin: what is made at first use is made by one of them.
  giemsa_model *models[THREADS] = {};
  for (int turn = 0; turn < 2; turn++) {
    std::vector<std::thread> threads;
    for (int i = 0; i < THREADS; i++) {
      threads.emplace_back([&, i] {
        if (turn == 0) {
          isFine[i] = giemsa_open(arguments[1], nullptr, &models[i]) == GIEMSA_OK;
        } else {
          isFine[i] = use(models[0], i, rounds);
        }
      });
    }
    for (std::thread &thread : threads) thread.join();
    for (int i = 0; i < THREADS; i++) {
      if (!isFine[i]) {
        std::fprintf(stderr, "thread %d, turn %d\n", i, turn);
        return 1;
      }
    }
  }
  for (giemsa_model *model : models) giemsa_close(model);
  return 0;
}
