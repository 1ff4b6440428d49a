// SPDX-License-Identifier: BSD-3-Clause
// The header of netlet's file: the words of its metadata, then a line for each tensor.
#include <stdio.h>

#include "file/format.hpp"
#include "system/error.hpp"

namespace netlet::core {
namespace {

constexpr uint64_t kFormat = 1;
constexpr size_t kLeastPerLayer = 120;  // bytes
constexpr char kBegin[] = "{\"__metadata__\":{\"netlet_format\":\"";

const char* scaling_name(const Description& d) {
  const char* const names[] = {"none", "inputs", "outputs", "both"};
  return names[d.input_scaling + 2 * d.output_scaling];
}

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
    add_entry(text, "optimizer", netlet_optimizer_name(d.optimizer));
    add_entry(text, "optimizer_nesterov", d.nesterov);
    add_entry(text, "optimizer_bound", d.bound);
    add_entry(text, "optimizer_slots", d.slots);
    add_entry(text, "optimizer_steps", d.steps);
    add_entry(text, "optimizer_plateau_epochs", d.plateau_epochs);
  }
  text.add('}');
}

struct Line {
  char text[256];
};

// What the header says of a tensor whose data begin at `*offset`, which moves to where they end.
Line line_of(const Tensor& tensor, size_t* offset) {
  Line line;
  char shape[48] = "";
  if (tensor.dimensions == 1) snprintf(shape, sizeof shape, "%zu", tensor.shape[0]);
  if (tensor.dimensions == 2) snprintf(shape, sizeof shape, "%zu,%zu", tensor.shape[0], tensor.shape[1]);
  const size_t begin = *offset;
  *offset += tensor.bytes();
  snprintf(line.text, sizeof line.text, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
           tensor.name, tensor.is_float32 ? "F32" : "F64", shape, begin, *offset);
  return line;
}

// The metadata's entries one after the other, each as write_metadata() writes it; the first that is not ends it.
class MetadataReader {
 public:
  explicit MetadataReader(Cursor& cursor) : cursor_(cursor) {}

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
        !(name("an optimizer", netlet_optimizer_name, &d.optimizer) && skip("\",\"optimizer_nesterov\":\"") &&
          number(&flag[0]) && skip("\",\"optimizer_bound\":\"") && number(&flag[1]) &&
          skip("\",\"optimizer_slots\":\"") && number(&d.slots) && skip("\",\"optimizer_steps\":\"") &&
          number(&d.steps) && skip("\",\"optimizer_plateau_epochs\":\"") && number(&d.plateau_epochs)))
      return missing(expected_, error);
    if (flag[0] > 1 || flag[1] > 1 || d.slots > 2) return missing("settings of an optimizer", error);
    d.nesterov = flag[0] != 0;
    d.bound = flag[1] != 0;
    return skip("\"}") ? NETLET_OK : missing(expected_, error);
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
  template <class T> bool room(Buffer<T>& values, size_t count) {
    no_memory_ = !values.allocate(count);
    return !no_memory_;
  }
  bool sizes(Description& d) {
    const size_t count = cursor_.count();
    if (!found(count <= 1 + cursor_.size() / kLeastPerLayer, "fewer layers in a header this short")) return false;
    if (!room(d.sizes, count)) return false;
    for (size_t i = 0; i < count; ++i) {
      uint64_t size;
      if (i && !skip(" ")) return false;
      if (!number(&size)) return false;
      if (!found(size <= SIZE_MAX, "a smaller size")) return false;
      d.sizes[i] = (size_t)size;
    }
    return true;
  }
  bool activations(Description& d) {
    const size_t count = cursor_.count();
    if (!found(count + 1 == d.sizes.size(), "an activation for each layer")) return false;
    if (!room(d.activations, count)) return false;
    for (size_t i = 0; i < count; ++i) {
      int number;
      if (i && !skip(" ")) return false;
      if (!name("an activation", netlet_activation_name, &number)) return false;
      d.activations[i] = number;
    }
    return true;
  }
  bool scaling(Description& d) {
    for (int i = 0; i < 4; ++i) {
      d.input_scaling = i & 1;
      d.output_scaling = i >> 1;
      if (cursor_.skip(scaling_name(d))) return true;
    }
    return found(false, "none, inputs, outputs or both");
  }

  Cursor& cursor_;
  const char* expected_ = "";
  bool no_memory_ = false;
};

}  // namespace

size_t checksum_place() { return 8 + sizeof kBegin - 1 + strlen("1\",\"sha256\":\""); }

// Padded with blanks, so that the tensors begin at a multiple of 8 bytes.
void write_header(const Description& d, Text& text) {
  write_metadata(d, text);
  Model none;
  Tensor tensor;
  size_t offset = 0;
  for (size_t i = 0; get_tensor(d, none, i, &tensor); ++i) text.add(line_of(tensor, &offset).text);
  text.add('}');
  while (!text.failed() && text.size() % 8) text.add(' ');
}

netlet_status read_metadata(Cursor& cursor, Description& d, netlet_error* error) {
  return MetadataReader(cursor).read(d, error);
}

netlet_status check_tensors(Cursor& cursor, const Description& d, netlet_error* error) {
  const auto skip = [&](const char* text) {
    if (cursor.skip(text)) return NETLET_OK;
    return fail(error, NETLET_ERROR_FORMAT, "the header is damaged: expected %s at byte %zu", text, 8 + cursor.at());
  };
  Model none;
  Tensor tensor;
  size_t offset = 0;
  for (size_t i = 0; get_tensor(d, none, i, &tensor); ++i) NETLET_TRY(skip(line_of(tensor, &offset).text));
  NETLET_TRY(skip("}"));
  const size_t end = cursor.at();
  while (cursor.skip(" ")) {}
  if (cursor.at() == cursor.size() && cursor.at() % 8 == 0 && cursor.at() - end < 8) return NETLET_OK;
  return fail(error, NETLET_ERROR_FORMAT, "the header is damaged: expected its end at byte %zu", 8 + cursor.at());
}

}  // namespace netlet::core
