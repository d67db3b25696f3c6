import ModelGraph
