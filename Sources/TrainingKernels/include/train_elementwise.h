#ifndef GIEMSA_TRAIN_ELEMENTWISE_H
#define GIEMSA_TRAIN_ELEMENTWISE_H


enum train_activation {
  TRAIN_RELU,          // max(x, 0)
  TRAIN_LEAKY_RELU,    // alpha: factor below 0
  TRAIN_CLIP,          // alpha, beta: bounds
  TRAIN_SIGMOID,
  TRAIN_HARD_SIGMOID,  // clamp(alpha · x + beta, 0, 1)
  TRAIN_HARD_SWISH,    // x · clamp(x / 6 + 1/2, 0, 1)
  TRAIN_ELU,           // x, or alpha · (e^x - 1) below 0
  TRAIN_SWISH,         // x / (1 + e^(-alpha · x))
};

#endif
