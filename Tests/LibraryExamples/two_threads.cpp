// two_threads MODEL: two threads run the same model, each by a session of its own.
#include <giemsa.h>

#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

// snippet: threads
struct Close {
  void operator()(giemsa_model *model) const { giemsa_close(model); }
  void operator()(giemsa_session *session) const { giemsa_session_free(session); }
};
using Model = std::unique_ptr<giemsa_model, Close>;
using Session = std::unique_ptr<giemsa_session, Close>;

static bool run(giemsa_model *model, std::vector<float> &scores) {
  giemsa_session *made = nullptr;
  if (giemsa_session_create(model, nullptr, 0, &made) != GIEMSA_OK) return false;
  Session session(made);
  std::vector<float> numbers(3 * 8 * 8);
  for (size_t i = 0; i < numbers.size(); i++) numbers[i] = static_cast<float>(i % 7) * 0.1f;
  giemsa_input input = {numbers.data(), numbers.size() * sizeof(float)};
  giemsa_output output = {scores.data(), scores.size() * sizeof(float)};
  for (int turn = 0; turn < 100; turn++) {
    if (giemsa_run(session.get(), &input, 1, &output, 1) != GIEMSA_OK) return false;
  }
  return true;
}
// end

int main(int count, char **arguments) {
  giemsa_model *opened = nullptr;
  if (count != 2 || giemsa_open(arguments[1], nullptr, &opened) != GIEMSA_OK) {
    std::fprintf(stderr, "%s\n", giemsa_message());
    return 1;
  }
  Model model(opened);
  std::vector<float> scores[2] = {std::vector<float>(2), std::vector<float>(2)};
  bool fine[2] = {false, false};
  std::thread other([&] { fine[1] = run(model.get(), scores[1]); });
  fine[0] = run(model.get(), scores[0]);
  other.join();
  for (int i = 0; i < 2; i++) {
    if (!fine[i]) return 1;
    std::printf("%.4f %.4f\n", scores[i][0], scores[i][1]);
  }
  return 0;
}
