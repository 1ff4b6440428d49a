// SPDX-License-Identifier: BSD-3-Clause
// netlet's file: a safetensors file (https://github.com/huggingface/safetensors) of one exact form. docs/files.md
// describes it. Eight bytes that say how long the header is, the header in JSON, the tensors one after the other.
//
// The writer lists a model's tensors and makes the header from the list. The reader takes no more from a header than
// the words of its metadata; from them it makes the list and the header itself, which must be that of the file to the
// byte. So a form that the writer would not write cannot be read, and every size was checked against the file's before
// anything is allocated.
#include <stdio.h>

#include "disk.hpp"
#include "error.hpp"
#include "floating_point.hpp"
#include "kernels.hpp"
#include "network.hpp"
#include "optimizer.hpp"
#include "random.hpp"
#include "sha256.hpp"
#include "text.hpp"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are written as they lie in memory");

namespace netlet::core {
namespace {

constexpr uint64_t kFormat = 1;
constexpr size_t kMostHeader = 100000000;  // as in other readers of safetensors
constexpr size_t kLeastPerLayer = 120;     // bytes of a header
constexpr size_t kHex = 64;                // digits of a checksum
constexpr char kBegin[] = "{\"__metadata__\":{\"netlet_format\":\"";

// What a header says beside the tensors.
struct Description {
  char checksum[kHex + 1], version[33], fingerprint[kHex + 1];
  uint64_t numerics, seed, epochs_trained;
  int dtype, loss, reduction;
  Buffer<size_t> sizes;
  Buffer<int32_t> activations;
  bool input_scaling, output_scaling;
  bool has_optimizer;
  int optimizer;
  bool nesterov, bound;
  uint64_t slots, steps, plateau_epochs;

  size_t layers() const { return activations.size(); }
  size_t inputs() const { return sizes[0]; }
  size_t outputs() const { return sizes[sizes.size() - 1]; }
};

const char* optimizer_name(int kind) {
  const char* const names[] = {"sgd", "adam", "rmsprop", "rprop"};
  return kind >= 0 && kind < 4 ? names[kind] : nullptr;
}
const char* slot_name(int kind, size_t slot) {
  const char* const names[][2] = {{"velocity", ""}, {"m", "v"}, {"v", "velocity"}, {"step", "gradient"}};
  return names[kind][slot];
}

template <class Owner> struct Number {
  const char* name;
  double Owner::* value;
};
constexpr Number<netlet_optimizer_config> kSettings[] = {{"learning_rate", &netlet_optimizer_config::learning_rate},
                                                         {"momentum", &netlet_optimizer_config::momentum},
                                                         {"beta_1", &netlet_optimizer_config::beta_1},
                                                         {"beta_2", &netlet_optimizer_config::beta_2},
                                                         {"epsilon", &netlet_optimizer_config::epsilon},
                                                         {"weight_decay", &netlet_optimizer_config::weight_decay},
                                                         {"rho", &netlet_optimizer_config::rho},
                                                         {"eta_minus", &netlet_optimizer_config::eta_minus},
                                                         {"eta_plus", &netlet_optimizer_config::eta_plus},
                                                         {"step_min", &netlet_optimizer_config::step_min},
                                                         {"step_max", &netlet_optimizer_config::step_max},
                                                         {"l2", &netlet_optimizer_config::l2},
                                                         {"l1", &netlet_optimizer_config::l1},
                                                         {"clip_value", &netlet_optimizer_config::clip_value},
                                                         {"clip_norm", &netlet_optimizer_config::clip_norm}};
constexpr Number<netlet_optimizer_progress> kProgress[] = {
    {"beta_1_power", &netlet_optimizer_progress::beta_1_power},
    {"beta_2_power", &netlet_optimizer_progress::beta_2_power},
    {"plateau_factor", &netlet_optimizer_progress::plateau_factor},
    {"plateau_best", &netlet_optimizer_progress::plateau_best}};
constexpr size_t kOptimizerNumbers = sizeof kSettings / sizeof *kSettings + sizeof kProgress / sizeof *kProgress;

// A model and what a file has beside it.
struct Model {
  netlet_network* net = nullptr;
  netlet_optimizer* optimizer = nullptr;
  netlet_optimizer_config config = {};
  netlet_optimizer_progress progress = {};
  Buffer<double> dropout;
  Buffer<unsigned char> input_shift, input_scale, output_shift, output_scale;
  Buffer<unsigned char> test_input, test_output;  // a row, and what the network makes of it
};

struct Tensor {
  char name[80];
  bool is_float32;
  int dimensions;
  size_t shape[2];
  void* data;

  size_t bytes() const {
    size_t n = is_float32 ? 4 : 8;
    for (int i = 0; i < dimensions; ++i) n *= shape[i];
    return n;
  }
};

class Tensors {
 public:
  // All of a model's, in the order of the file: binary64 first, so that each lies aligned.
  bool list(Model& model, const Description& d) {
    if (!tensors_.allocate(3 + kOptimizerNumbers + 2 * d.layers() + 6 + 2)) return false;
    netlet_network& net = *model.net;
    if (d.layers() > 1) add("dropout", "", false, 1, d.layers() - 1, 0, model.dropout.data());
    if (d.loss == NETLET_HUBER) add("huber_delta", "", false, 0, 0, 0, &net.huber_delta);
    if (d.loss == NETLET_QUANTILE) add("quantiles", "", false, 1, d.outputs(), 0, net.quantiles.data());
    if (d.has_optimizer) {
      for (const auto& number : kSettings)
        add("optimizer.", number.name, false, 0, 0, 0, &(model.config.*number.value));
      for (const auto& number : kProgress)
        add("optimizer.", number.name, false, 0, 0, 0, &(model.progress.*number.value));
    }
    const bool is_float32 = d.dtype == NETLET_FLOAT32;
    const size_t size = size_of(d.dtype);
    for (size_t i = 0; i < d.layers(); ++i) {
      const Layer& layer = net.layers[i];
      char name[40];
      snprintf(name, sizeof name, "layers.%zu.", i);
      add(name, "weight", is_float32, 2, layer.inputs, layer.outputs, net.parameters.data() + layer.weights * size);
      add(name, "bias", is_float32, 1, layer.outputs, 0, net.parameters.data() + layer.biases * size);
    }
    if (d.input_scaling) {
      add("input_scaling.", "shift", is_float32, 1, d.inputs(), 0, model.input_shift.data());
      add("input_scaling.", "scale", is_float32, 1, d.inputs(), 0, model.input_scale.data());
    }
    if (d.output_scaling) {
      add("output_scaling.", "shift", is_float32, 1, d.outputs(), 0, model.output_shift.data());
      add("output_scaling.", "scale", is_float32, 1, d.outputs(), 0, model.output_scale.data());
    }
    add("self_test.", "input", is_float32, 1, d.inputs(), 0, model.test_input.data());
    add("self_test.", "output", is_float32, 1, d.outputs(), 0, model.test_output.data());
    for (size_t i = 0; d.has_optimizer && d.bound && i < d.slots; ++i)
      add("optimizer.", slot_name(d.optimizer, i), is_float32, 1, net.parameter_count, 0,
          model.optimizer->state.data() + i * net.parameter_count * size);
    return true;
  }
  const Tensor* begin() const { return tensors_.data(); }
  const Tensor* end() const { return tensors_.data() + count_; }

 private:
  void add(const char* group, const char* name, bool is_float32, int dimensions, size_t rows, size_t columns,
           void* data) {
    Tensor& tensor = tensors_[count_++];
    tensor = {"", is_float32, dimensions, {rows, columns}, data};
    snprintf(tensor.name, sizeof tensor.name, "%s%s", group, name);
  }
  Buffer<Tensor> tensors_;
  size_t count_ = 0;
};

// ---- the header, written

void add_entry(Text& text, const char* key, const char* value) {
  text.add(",\"");
  text.add(key);
  text.add("\":\"");
  text.add(value);
  text.add('"');
}
void add_entry(Text& text, const char* key, uint64_t value) {
  text.add(",\"");
  text.add(key);
  text.add("\":\"");
  text.add(value);
  text.add('"');
}

const char* scaling_name(const Description& d) {
  const char* const names[] = {"none", "inputs", "outputs", "both"};
  return names[d.input_scaling + 2 * d.output_scaling];
}

void write_metadata(const Description& d, Text& text) {
  text.add(kBegin);
  text.add(kFormat);
  text.add('"');
  add_entry(text, "sha256", d.checksum);
  add_entry(text, "netlet_version", d.version);
  add_entry(text, "numerics_version", d.numerics);
  add_entry(text, "fingerprint", d.fingerprint);
  add_entry(text, "dtype", netlet_dtype_name(d.dtype));
  text.add(",\"layer_sizes\":\"");
  for (size_t i = 0; i < d.sizes.size(); ++i) {
    if (i) text.add(' ');
    text.add((uint64_t)d.sizes[i]);
  }
  text.add("\",\"activations\":\"");
  for (size_t i = 0; i < d.layers(); ++i) {
    if (i) text.add(' ');
    text.add(netlet_activation_name(d.activations[i]));
  }
  text.add('"');
  add_entry(text, "loss", netlet_loss_name(d.loss));
  add_entry(text, "reduction", netlet_reduction_name(d.reduction));
  add_entry(text, "scaling", scaling_name(d));
  add_entry(text, "seed", d.seed);
  add_entry(text, "epochs_trained", d.epochs_trained);
  if (d.has_optimizer) {
    add_entry(text, "optimizer", optimizer_name(d.optimizer));
    add_entry(text, "optimizer_nesterov", d.nesterov);
    add_entry(text, "optimizer_bound", d.bound);
    add_entry(text, "optimizer_slots", d.slots);
    add_entry(text, "optimizer_steps", d.steps);
    add_entry(text, "optimizer_plateau_epochs", d.plateau_epochs);
  }
  text.add('}');
}

// Padded with blanks, so that the tensors begin at a multiple of 8 bytes.
void write_header(const Description& d, const Tensors& tensors, Text& text) {
  write_metadata(d, text);
  size_t offset = 0;
  for (const Tensor& tensor : tensors) {
    text.add(",\"");
    text.add(tensor.name);
    text.add(tensor.is_float32 ? "\":{\"dtype\":\"F32\",\"shape\":[" : "\":{\"dtype\":\"F64\",\"shape\":[");
    for (int i = 0; i < tensor.dimensions; ++i) {
      if (i) text.add(',');
      text.add((uint64_t)tensor.shape[i]);
    }
    text.add("],\"data_offsets\":[");
    text.add((uint64_t)offset);
    text.add(',');
    offset += tensor.bytes();
    text.add((uint64_t)offset);
    text.add("]}");
  }
  text.add('}');
  while (!text.failed() && text.size() % 8) text.add(' ');
}

// Where the digits of the checksum are; for the checksum they count as zeros.
size_t checksum_place() { return 8 + sizeof kBegin - 1 + strlen("1\",\"sha256\":\""); }

// ---- the header, read

// The metadata's entries one after the other, each as write_metadata() writes it; the first that is not ends it.
class MetadataReader {
 public:
  MetadataReader(const char* text, size_t size) : cursor_(text, size) {}

  netlet_status read(Description& d, netlet_error* error) {
    if (!cursor_.skip(kBegin)) {
      if (cursor_.skip("{"))
        return fail(error, NETLET_ERROR_FORMAT, "this is no network: another program than netlet wrote its header");
      return fail(error, NETLET_ERROR_FORMAT, "this is not a file of netlet's");
    }
    uint64_t format;
    if (!cursor_.number(&format)) return missing("a number", error);
    if (format != kFormat)
      return fail(error, NETLET_ERROR_FORMAT,
                  "it is of format %llu, but this netlet, %s, reads format %llu; a newer one may read it",
                  (unsigned long long)format, netlet_version(), (unsigned long long)kFormat);
    uint64_t flag[2] = {};
    if (!(skip("\",\"sha256\":\"") && word("a checksum", d.checksum) && skip("\",\"netlet_version\":\"") &&
          word("a version", d.version) && skip("\",\"numerics_version\":\"") && number(&d.numerics) &&
          skip("\",\"fingerprint\":\"") && word("a fingerprint", d.fingerprint) && skip("\",\"dtype\":\"") &&
          name("a dtype", netlet_dtype_name, &d.dtype) && skip("\",\"layer_sizes\":\"") && sizes(d) &&
          skip("\",\"activations\":\"") && activations(d) && skip("\",\"loss\":\"") &&
          name("a loss", netlet_loss_name, &d.loss) && skip("\",\"reduction\":\"") &&
          name("a reduction", netlet_reduction_name, &d.reduction) && skip("\",\"scaling\":\"") && scaling(d) &&
          skip("\",\"seed\":\"") && number(&d.seed) && skip("\",\"epochs_trained\":\"") && number(&d.epochs_trained)))
      return missing(expected_, error);
    d.has_optimizer = cursor_.skip("\",\"optimizer\":\"");
    if (d.has_optimizer &&
        !(name("an optimizer", optimizer_name, &d.optimizer) && skip("\",\"optimizer_nesterov\":\"") &&
          number(&flag[0]) && skip("\",\"optimizer_bound\":\"") && number(&flag[1]) &&
          skip("\",\"optimizer_slots\":\"") && number(&d.slots) && skip("\",\"optimizer_steps\":\"") &&
          number(&d.steps) && skip("\",\"optimizer_plateau_epochs\":\"") && number(&d.plateau_epochs)))
      return missing(expected_, error);
    if (flag[0] > 1 || flag[1] > 1 || d.slots > 2) return missing("settings of an optimizer", error);
    d.nesterov = flag[0] != 0;
    d.bound = flag[1] != 0;
    return NETLET_OK;
  }

 private:
  netlet_status missing(const char* what, netlet_error* error) {
    if (no_memory_) return out_of_memory(error);
    return fail(error, NETLET_ERROR_FORMAT, "the header is damaged: expected %s at byte %zu", what, 8 + cursor_.at());
  }
  bool found(bool there, const char* what) {
    if (!there) expected_ = what;
    return there;
  }
  bool skip(const char* text) { return found(cursor_.skip(text), text); }
  bool number(uint64_t* value) { return found(cursor_.number(value), "a number"); }
  template <size_t N> bool word(const char* what, char (&out)[N]) { return found(cursor_.word(out, N), what); }
  bool name(const char* what, const char* (*name_of)(int), int* number) {
    char text[32];
    const Cursor here = cursor_;
    if (cursor_.word(text, sizeof text))
      for (*number = 0; name_of(*number); ++*number)
        if (strcmp(text, name_of(*number)) == 0) return true;
    cursor_ = here;
    return found(false, what);
  }
  template <class T> bool room(Buffer<T>& values) {
    no_memory_ = !values.allocate(cursor_.count());
    return !no_memory_;
  }
  bool sizes(Description& d) {
    if (!room(d.sizes)) return false;
    for (size_t i = 0; i < d.sizes.size(); ++i) {
      uint64_t size;
      if (i && !skip(" ")) return false;
      if (!number(&size)) return false;
      if (!found(size <= SIZE_MAX, "a smaller size")) return false;
      d.sizes[i] = (size_t)size;
    }
    return true;
  }
  bool activations(Description& d) {
    if (!room(d.activations)) return false;
    for (size_t i = 0; i < d.layers(); ++i) {
      int number;
      if (i && !skip(" ")) return false;
      if (!name("an activation", netlet_activation_name, &number)) return false;
      d.activations[i] = number;
    }
    return found(d.layers() + 1 == d.sizes.size(), "an activation for each layer");
  }
  bool scaling(Description& d) {
    for (int i = 0; i < 4; ++i) {
      d.input_scaling = i & 1;
      d.output_scaling = i >> 1;
      if (cursor_.skip(scaling_name(d))) return true;
    }
    return found(false, "none, inputs, outputs or both");
  }

  Cursor cursor_;
  const char* expected_ = "";
  bool no_memory_ = false;
};

// The bytes of all tensors; false if the number overflows.
bool data_size(const Description& d, size_t* bytes) {
  using Size = unsigned __int128;
  Size parameters = 0;
  for (size_t i = 0; i < d.layers(); ++i) {
    parameters += ((Size)d.sizes[i] + 1) * d.sizes[i + 1];
    if (parameters >> 60) return false;
  }
  Size numbers = d.layers() - 1, values = parameters;
  if (d.loss == NETLET_HUBER) numbers += 1;
  if (d.loss == NETLET_QUANTILE) numbers += d.outputs();
  if (d.has_optimizer) numbers += kOptimizerNumbers;
  if (d.has_optimizer && d.bound) values += d.slots * parameters;
  values += ((Size)d.inputs()) * (d.input_scaling ? 3 : 1) + (Size)d.outputs() * (d.output_scaling ? 3 : 1);
  const Size all = numbers * 8 + values * size_of(d.dtype);
  *bytes = (size_t)all;
  return all <= (Size)PTRDIFF_MAX;
}

// ---- what the model itself says of the file

template <class T> bool same_bits(const unsigned char* a, const unsigned char* b, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    T x, y;
    memcpy(&x, a + i * sizeof(T), sizeof(T));
    memcpy(&y, b + i * sizeof(T), sizeof(T));
    if (memcmp(&x, &y, sizeof(T)) != 0 && !(x != x && y != y)) return false;  // any NaN is any other
  }
  return true;
}

netlet_status run_self_test(const netlet_network& net, const unsigned char* input, void* output, netlet_error* error) {
  const ptrdiff_t size = (ptrdiff_t)size_of(net.dtype);
  const netlet_array row = {input, net.dtype, 1, net.inputs(), size * (ptrdiff_t)net.inputs(), size};
  return netlet_forward(&net, &row, output, error);
}

// Drawn from -1 to 1, on the scale of the network's inputs.
template <class T> void draw_self_test(const netlet_network& net, T* row) {
  Random random(0, kSelfTest, 0);
  for (size_t i = 0; i < net.inputs(); ++i) {
    row[i] = (T)(2 * unit_uniform(random(i)) - 1);
    if (net.input_scaling) row[i] = row[i] * net.input_scaling.scale<T>()[i] + net.input_scaling.shift<T>()[i];
  }
}

template <class T> netlet_status check_parameters(const netlet_network& net, netlet_error* error) {
  const size_t i = kernels<T>().first_not_finite(net.parameter_count, net.values<T>());
  if (i == net.parameter_count) return NETLET_OK;
  return fail(error, NETLET_ERROR_ARGUMENT, "parameters: expected finite numbers, got %g at position %zu",
              (double)net.values<T>()[i], i);
}
netlet_status check_parameters(const netlet_network& net, netlet_error* error) {
  return net.dtype == NETLET_FLOAT32 ? check_parameters<float>(net, error) : check_parameters<double>(net, error);
}

// ---- writing

bool copy_halves(const Scaling& scaling, Buffer<unsigned char>& shift, Buffer<unsigned char>& scale) {
  const size_t half = scaling.values.size() / 2;
  if (half == 0) return true;
  if (!shift.allocate(half) || !scale.allocate(half)) return false;
  memcpy(shift.data(), scaling.values.data(), half);
  memcpy(scale.data(), scaling.values.data() + half, half);
  return true;
}

bool describe(const netlet_network& net, const netlet_optimizer* optimizer, Description& d) {
  memset(d.checksum, '0', kHex);
  d.checksum[kHex] = 0;
  snprintf(d.version, sizeof d.version, "%s", netlet_version());
  d.numerics = (uint64_t)netlet_numerics_version();
  d.seed = net.seed;
  d.epochs_trained = net.epochs_trained;
  d.dtype = net.dtype;
  d.loss = net.loss;
  d.reduction = net.reduction;
  d.input_scaling = (bool)net.input_scaling;
  d.output_scaling = (bool)net.output_scaling;
  d.has_optimizer = optimizer != nullptr;
  if (optimizer) {
    d.optimizer = optimizer->config.kind;
    d.nesterov = optimizer->config.nesterov != 0;
    d.bound = optimizer->size != 0;
    d.slots = optimizer->slot_count();
    d.steps = optimizer->progress.steps;
    d.plateau_epochs = optimizer->progress.plateau_epochs;
  }
  if (!d.sizes.allocate(net.layer_count() + 1) || !d.activations.allocate(net.layer_count())) return false;
  for (size_t i = 0; i <= net.layer_count(); ++i) d.sizes[i] = netlet_layer_size(&net, i);
  for (size_t i = 0; i < net.layer_count(); ++i) d.activations[i] = net.layers[i].activation;
  return true;
}

netlet_status write(const netlet_network& net, const netlet_optimizer* optimizer, Buffer<unsigned char>& out,
                    netlet_error* error) {
  NETLET_TRY(check_parameters(net, error));
  if (optimizer) NETLET_TRY(check_optimizer(*optimizer, net.parameter_count, net.dtype, error));
  Description d = {};
  if (!describe(net, optimizer, d)) return out_of_memory(error);
  NETLET_TRY(netlet_fingerprint(&net, d.fingerprint, error));
  Model model;
  model.net = const_cast<netlet_network*>(&net);  // only read
  model.optimizer = const_cast<netlet_optimizer*>(optimizer);
  if (optimizer) {
    model.config = optimizer->config;
    model.progress = optimizer->progress;
  }
  const size_t size = size_of(net.dtype);
  if (!model.dropout.allocate(net.layer_count()) || !model.test_input.allocate(net.inputs() * size) ||
      !model.test_output.allocate(net.outputs() * size) ||
      !copy_halves(net.input_scaling, model.input_shift, model.input_scale) ||
      !copy_halves(net.output_scaling, model.output_shift, model.output_scale))
    return out_of_memory(error);
  for (size_t i = 0; i < net.layer_count(); ++i) model.dropout[i] = net.layers[i].dropout;
  if (net.dtype == NETLET_FLOAT32)
    draw_self_test(net, reinterpret_cast<float*>(model.test_input.data()));
  else
    draw_self_test(net, reinterpret_cast<double*>(model.test_input.data()));
  NETLET_TRY(run_self_test(net, model.test_input.data(), model.test_output.data(), error));

  Tensors tensors;
  Text header;
  if (!tensors.list(model, d)) return out_of_memory(error);
  write_header(d, tensors, header);
  size_t data_bytes, bytes;
  if (header.size() > kMostHeader)
    return fail(error, NETLET_ERROR_ARGUMENT,
                "save: the network has so many layers that no reader would take the file");
  if (header.failed() || !data_size(d, &data_bytes) || __builtin_add_overflow(8 + header.size(), data_bytes, &bytes) ||
      !out.allocate(bytes))
    return out_of_memory(error);
  unsigned char* at = out.data();
  for (int i = 0; i < 8; ++i) *at++ = (unsigned char)((uint64_t)header.size() >> (8 * i));
  memcpy(at, header.data(), header.size());
  at += header.size();
  for (const Tensor& tensor : tensors) {
    memcpy(at, tensor.data, tensor.bytes());
    at += tensor.bytes();
  }
  Sha256 sha;
  sha.add(out.data(), bytes);
  sha.finish(d.checksum);
  memcpy(out.data() + checksum_place(), d.checksum, kHex);
  return NETLET_OK;
}

netlet_status write_held(const netlet_network* net, const netlet_optimizer* optimizer, Buffer<unsigned char>& out,
                         netlet_error* error) {
  const Reading reading(net->users);
  if (!reading) return busy("save", error);
  const DefaultFloatingPoint floating_point;
  if (!optimizer) return write(*net, nullptr, out, error);
  const Reading reading_optimizer(optimizer->users);
  if (!reading_optimizer) return optimizer_busy("save", error);
  return write(*net, optimizer, out, error);
}

// ---- reading

// A file, or memory; from the beginning to the end.
struct Source {
  InputFile* file;
  const unsigned char* memory;
  size_t size, at;

  netlet_status read(void* out, size_t count, netlet_error* error) {
    if (file) return file->read(out, count, error);
    memcpy(out, memory + at, count);
    at += count;
    return NETLET_OK;
  }
};

struct FreeModel {
  Model& model;
  ~FreeModel() {
    netlet_network_free(model.net);
    netlet_optimizer_free(model.optimizer);
  }
};

// Everything that tensors are read into. The settings of the optimizer are among them: it is made with others, which
// need as many slots.
netlet_status make_room(const Description& d, Model& model, netlet_error* error) {
  const netlet_config config = {d.sizes.data(), d.sizes.size(), d.activations.data(), d.loss, d.reduction, d.dtype, 0,
                                nullptr,        nullptr};
  NETLET_TRY(netlet_network_create(&config, &model.net, error));
  model.net->seed = d.seed;
  model.net->epochs_trained = d.epochs_trained;
  model.net->numerics = (int)d.numerics;
  const size_t size = size_of(d.dtype);
  const size_t scaled_inputs = d.input_scaling ? d.inputs() * size : 0;
  const size_t scaled_outputs = d.output_scaling ? d.outputs() * size : 0;
  if (!model.dropout.allocate(d.layers()) || !model.input_shift.allocate(scaled_inputs) ||
      !model.input_scale.allocate(scaled_inputs) || !model.output_shift.allocate(scaled_outputs) ||
      !model.output_scale.allocate(scaled_outputs) || !model.test_input.allocate(d.inputs() * size) ||
      !model.test_output.allocate(d.outputs() * size))
    return out_of_memory(error);
  if (!d.has_optimizer) return NETLET_OK;
  netlet_optimizer_config optimizer = netlet_optimizer_defaults(d.optimizer);
  if (d.slots == (d.optimizer == NETLET_SGD ? 1 : 2)) optimizer.momentum = 0.5;
  NETLET_TRY(netlet_optimizer_create(&optimizer, &model.optimizer, error));
  if (model.optimizer->slot_count() != d.slots)
    return fail(error, NETLET_ERROR_FORMAT, "optimizer_slots: %s cannot have %llu", optimizer_name(d.optimizer),
                (unsigned long long)d.slots);
  return d.bound ? netlet_optimizer_bind(model.optimizer, model.net->parameter_count, d.dtype, error) : NETLET_OK;
}

// The header's own text, made from what was taken from it, must be what stands in the file.
netlet_status compare_header(const Description& d, const Tensors& tensors, const char* text, size_t size,
                             netlet_error* error) {
  Text header;
  write_header(d, tensors, header);
  if (header.failed()) return out_of_memory(error);
  size_t same = 0;
  while (same < size && same < header.size() && text[same] == header.data()[same]) ++same;
  if (same == size && same == header.size()) return NETLET_OK;
  char expected[24] = "its end";
  if (same < header.size()) {
    size_t n = 0;
    for (; n + 1 < sizeof expected && same + n < header.size(); ++n) expected[n] = header.data()[same + n];
    expected[n] = 0;
  }
  return fail(error, NETLET_ERROR_FORMAT, "the header is damaged: expected %s at byte %zu", expected, 8 + same);
}

template <class T> netlet_status set_scaling(Model& model, int kind, netlet_error* error) {
  const Buffer<unsigned char>& shift = kind == NETLET_SCALE_INPUTS ? model.input_shift : model.output_shift;
  const Buffer<unsigned char>& scale = kind == NETLET_SCALE_INPUTS ? model.input_scale : model.output_scale;
  const size_t n = shift.size() / sizeof(T);
  if (n == 0) return NETLET_OK;
  Buffer<double> values;
  if (!values.allocate(2 * n)) return out_of_memory(error);
  for (size_t i = 0; i < n; ++i) {
    values[i] = (double)reinterpret_cast<const T*>(shift.data())[i];
    values[n + i] = (double)reinterpret_cast<const T*>(scale.data())[i];
  }
  return netlet_set_scaling(model.net, kind, values.data(), values.data() + n, error);
}

// What the tensors hold must be what the same values are where a program gives them.
netlet_status check_values(const Description& d, Model& model, netlet_error* error) {
  netlet_network& net = *model.net;
  NETLET_TRY(check_parameters(net, error));
  const netlet_config config = {d.sizes.data(),  d.sizes.size(),       d.activations.data(),
                                d.loss,          d.reduction,          d.dtype,
                                net.huber_delta, net.quantiles.data(), model.dropout.data()};
  NETLET_TRY(check_config(config, error));
  if (!(net.huber_delta > 0)) return fail(error, NETLET_ERROR_ARGUMENT, "huber_delta: expected a positive number");
  for (size_t i = 0; i + 1 < d.layers(); ++i) net.layers[i].dropout = model.dropout[i];
  const int kinds[] = {NETLET_SCALE_INPUTS, NETLET_SCALE_OUTPUTS};
  for (const int kind : kinds)
    NETLET_TRY(d.dtype == NETLET_FLOAT32 ? set_scaling<float>(model, kind, error)
                                         : set_scaling<double>(model, kind, error));
  if (!d.has_optimizer) return NETLET_OK;
  model.config.kind = d.optimizer;
  model.config.nesterov = d.nesterov;
  model.progress.steps = d.steps;
  model.progress.plateau_epochs = d.plateau_epochs;
  NETLET_TRY(check_settings(model.config, error));
  model.optimizer->config = model.config;
  model.optimizer->progress = model.progress;
  if (model.optimizer->slot_count() != d.slots)
    return fail(error, NETLET_ERROR_FORMAT, "momentum: it does not go with the number of optimizer_slots");
  return check_optimizer(*model.optimizer, net.parameter_count, d.dtype, error);
}

netlet_status self_test(const Description& d, const Model& model, netlet_error* error) {
  const netlet_network& net = *model.net;
  char fingerprint[kHex + 1];
  NETLET_TRY(netlet_fingerprint(&net, fingerprint, error));
  if (strcmp(fingerprint, d.fingerprint) != 0)
    return fail(error, NETLET_ERROR_FORMAT, "the fingerprint is %s, but that of the network is %s", d.fingerprint,
                fingerprint);
  if (d.numerics != (uint64_t)netlet_numerics_version()) return NETLET_OK;  // other bits are expected
  Buffer<unsigned char> output;
  if (!output.allocate(model.test_output.size())) return out_of_memory(error);
  NETLET_TRY(run_self_test(net, model.test_input.data(), output.data(), error));
  if (d.dtype == NETLET_FLOAT32 ? same_bits<float>(output.data(), model.test_output.data(), net.outputs())
                                : same_bits<double>(output.data(), model.test_output.data(), net.outputs()))
    return NETLET_OK;
  return fail(error, NETLET_ERROR_FORMAT,
              "the self-test failed: for its input the network does not give the output that the file says");
}

netlet_status read(Source& source, netlet_network** network, netlet_optimizer** optimizer, netlet_error* error) {
  NETLET_TRY(netlet_check_environment(error));
  const DefaultFloatingPoint floating_point;
  unsigned char prefix[8];
  if (source.size < sizeof prefix)
    return fail(error, NETLET_ERROR_FORMAT, "this is not a file of netlet's: it has %zu bytes", source.size);
  NETLET_TRY(source.read(prefix, sizeof prefix, error));
  uint64_t header_size = 0;
  for (int i = 0; i < 8; ++i) header_size |= (uint64_t)prefix[i] << (8 * i);
  const size_t rest = source.size - sizeof prefix;
  if (header_size > kMostHeader) return fail(error, NETLET_ERROR_FORMAT, "this is not a file of netlet's");
  if (header_size > rest)
    return fail(error, NETLET_ERROR_FORMAT, "the file is cut: its header has %llu bytes, but only %zu follow",
                (unsigned long long)header_size, rest);
  Buffer<char> header;
  if (!header.allocate((size_t)header_size)) return out_of_memory(error);
  NETLET_TRY(source.read(header.data(), header.size(), error));

  Description d = {};
  NETLET_TRY(MetadataReader(header.data(), header.size()).read(d, error));
  if (d.numerics > INT32_MAX || header.size() / kLeastPerLayer < d.layers())
    return fail(error, NETLET_ERROR_FORMAT, "the header is damaged: it is too short for its layers, or of no version");
  size_t data_bytes;
  const size_t found = rest - header.size();
  if (!data_size(d, &data_bytes))
    return fail(error, NETLET_ERROR_FORMAT, "layer_sizes: so many parameters that their number overflows");
  if (data_bytes != found)
    return fail(error, NETLET_ERROR_FORMAT, "%s: the network takes %zu bytes after the header, but %zu follow",
                found < data_bytes ? "the file is cut" : "the file is too long", data_bytes, found);

  Model model;
  const FreeModel free_model{model};
  Tensors tensors;
  NETLET_TRY(make_room(d, model, error));
  if (!tensors.list(model, d)) return out_of_memory(error);
  NETLET_TRY(compare_header(d, tensors, header.data(), header.size(), error));

  Sha256 sha;
  char zeros[kHex];
  memset(zeros, '0', kHex);
  memcpy(header.data() + checksum_place() - sizeof prefix, zeros, kHex);
  sha.add(prefix, sizeof prefix);
  sha.add(header.data(), header.size());
  for (const Tensor& tensor : tensors) {
    NETLET_TRY(source.read(tensor.data, tensor.bytes(), error));
    sha.add(tensor.data, tensor.bytes());
  }
  char checksum[kHex + 1];
  sha.finish(checksum);
  if (strcmp(checksum, d.checksum) != 0)
    return fail(error, NETLET_ERROR_FORMAT, "the file is damaged: its checksum is %s, not %s", checksum, d.checksum);
  NETLET_TRY(check_values(d, model, error));
  NETLET_TRY(self_test(d, model, error));

  *network = model.net;
  model.net = nullptr;
  if (!optimizer) return NETLET_OK;
  *optimizer = model.optimizer;
  model.optimizer = nullptr;
  return NETLET_OK;
}

}  // namespace
}  // namespace netlet::core

using namespace netlet::core;

netlet_status netlet_to_bytes(const netlet_network* network, const netlet_optimizer* optimizer, void** bytes,
                              size_t* size, netlet_error* error) {
  Buffer<unsigned char> out;
  NETLET_TRY(write_held(network, optimizer, out, error));
  *size = out.size();
  *bytes = out.give();
  return NETLET_OK;
}

void netlet_free_bytes(void* bytes) { aligned_free(bytes); }

netlet_status netlet_from_bytes(const void* bytes, size_t size, netlet_network** network, netlet_optimizer** optimizer,
                                netlet_error* error) {
  Source source = {nullptr, static_cast<const unsigned char*>(bytes), size, 0};
  return read(source, network, optimizer, error);
}

netlet_status netlet_save(const netlet_network* network, const netlet_optimizer* optimizer, const char* path,
                          netlet_error* error) {
  Buffer<unsigned char> out;
  NETLET_TRY(write_held(network, optimizer, out, error));
  return replace_file(path, out.data(), out.size(), error);
}

netlet_status netlet_replace_file(const char* path, const void* bytes, size_t size, netlet_error* error) {
  return replace_file(path, bytes, size, error);
}

netlet_status netlet_load(const char* path, netlet_network** network, netlet_optimizer** optimizer,
                          netlet_error* error) {
  InputFile file;
  NETLET_TRY(file.open(path, error));
  Source source = {&file, nullptr, file.size(), 0};
  return read(source, network, optimizer, error);
}
