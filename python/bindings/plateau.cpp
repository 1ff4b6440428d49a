// SPDX-License-Identifier: BSD-3-Clause
#include "plateau.hpp"

#include <pybind11/numpy.h>

#include "bindings.hpp"

namespace {

constexpr std::size_t kChains = 8;  // sums side by side, on every machine the same

template <class T> double sum_of_squares_of(const T* values, const std::vector<std::size_t>& sizes) {
  double sum = 0;
  for (std::size_t layer = 0; layer + 1 < sizes.size(); ++layer) {
    const std::size_t count = sizes[layer] * sizes[layer + 1], whole = count - count % kChains;
    double chains[kChains] = {};
    for (std::size_t i = 0; i < whole; i += kChains)
      for (std::size_t k = 0; k < kChains; ++k) chains[k] += (double)values[i + k] * (double)values[i + k];
    for (std::size_t i = whole; i < count; ++i) chains[i - whole] += (double)values[i] * (double)values[i];
    for (const double chain : chains) sum += chain;
    values += count + sizes[layer + 1];  // its biases are no weights
  }
  return sum;
}

}  // namespace

double Plateau::sum_of_squares() const {
  return network_.dtype() == netlet::Dtype::float32 ? sum_of_squares_of(network_.parameters<float>(), sizes_)
                                                    : sum_of_squares_of(network_.parameters<double>(), sizes_);
}

bool Plateau::after_epoch(double loss) {
  double figure = scale * loss + shift;
  if (penalty != 0) {
    const double before = squares_;
    squares_ = sum_of_squares();
    const double met = (double)(batches - 1) / (double)(2 * batches);  // of the change, on average
    figure += penalty * (before + (squares_ - before) * met);
  }
  return update(figure);
}

bool Plateau::update(double figure) {
  figures.push_back(figure);
  count = figure > best - tol ? count + 1 : 0;
  if (figure < best) best = figure;
  return stopped = (double)count > patience;
}

void bind_plateau(py::module_& m) {
  py::class_<Plateau>(m, "Plateau")
      .def(py::init([](py::handle network, double tol, double patience) {
             return Plateau(object_of<netlet::Network>(network, "network"), tol, patience);
           }),
           py::keep_alive<1, 2>())
      .def_readwrite("scale", &Plateau::scale)
      .def_readwrite("shift", &Plateau::shift)
      .def_readwrite("penalty", &Plateau::penalty)
      .def_readwrite("batches", &Plateau::batches)
      .def_readwrite("stopped", &Plateau::stopped)
      .def_readwrite("best", &Plateau::best)
      .def_readwrite("count", &Plateau::count)
      .def_property_readonly(
          "figures",
          [](const Plateau& self) {
            return py::array_t<double>((py::ssize_t)self.figures.size(), self.figures.data()).attr("tolist")();
          })
      .def("after_epoch", &Plateau::after_epoch)
      .def("update", &Plateau::update)
      .def("__call__", [](Plateau& self, const py::object&, const py::object& history) {  // beside other callbacks
        return self.after_epoch(history.attr("_last")().attr("__getitem__")("loss").cast<double>());
      });
}
