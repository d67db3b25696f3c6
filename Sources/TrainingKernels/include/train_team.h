// The threads of a network.
#ifndef GIEMSA_TRAIN_TEAM_H
#define GIEMSA_TRAIN_TEAM_H


typedef struct train_team train_team;

// NULL when the system has no thread left.
train_team *train_team_create(int threads);
void train_team_destroy(train_team *team);
int train_team_size(const train_team *team);

// Calls work(context, thread, threads) on every member at once, the caller being thread 0, and returns when all have
// returned. One caller at a time.
void train_team_run(train_team *team, void (*work)(void *context, int thread, int threads), void *context);

#endif
