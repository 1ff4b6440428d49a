// SPDX-License-Identifier: BSD-3-Clause
// Writes what RTNeural gives for the models of rtneural.py and one row: with a clone of RTNeural,
// c++ -std=c++17 -DRTNEURAL_USE_STL=1 -DRTNEURAL_DEFAULT_ALIGNMENT=16 -DRTNEURAL_NAMESPACE=RTNeural -IRTNeural
//     rtneural.cpp RTNeural/RTNeural/RTNeural.cpp && ./a.out
#include <RTNeural/RTNeural.h>

#include <cstdio>
#include <fstream>
#include <string>

int main() {
  for (const std::string name : {"dense", "timed"}) {
    std::ifstream stream("rtneural_" + name + ".json");
    const auto model = RTNeural::json_parser::parseJson<double>(stream);
    const double x[] = {0.25, -0.5};
    model->reset();
    model->forward(x);
    FILE* const file = std::fopen(("rtneural_" + name + ".txt").c_str(), "w");
    for (int j = 0; j < model->getOutSize(); ++j) std::fprintf(file, "%.17g\n", model->getOutputs()[j]);
    std::fclose(file);
  }
}
