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

const char* scaling_name(int kinds) {
  const char* const names[] = {"none", "inputs", "outputs", "both", nullptr};
  return names[kinds];
}

// The metadata's entries after the first, in their order; f writes or reads each, until it fails.
template <class F> bool each_entry(Description& d, F& f) {
  return f.word("sha256", d.checksum) && f.word("netlet_version", d.version) &&
         f.number("numerics_version", d.numerics) && f.word("fingerprint", d.fingerprint) &&
         f.name("dtype", netlet_dtype_name, d.dtype) && f.list("layer_sizes", d.sizes) &&
         f.list("activations", d.activations) &&
         f.holds(d.layers() + 1 == d.sizes.size(), "an activation for each layer") &&
         f.name("loss", netlet_loss_name, d.loss) && f.name("reduction", netlet_reduction_name, d.reduction) &&
         f.name("scaling", scaling_name, d.scaling) && f.number("seed", d.seed) &&
         f.number("epochs_trained", d.epochs_trained) &&
         (!f.present("optimizer", d.has_optimizer) ||
          (f.name("optimizer", netlet_optimizer_name, d.optimizer) && f.flag("optimizer_nesterov", d.nesterov) &&
           f.flag("optimizer_bound", d.bound) && f.number("optimizer_slots", d.slots) &&
           f.number("optimizer_steps", d.steps) && f.number("optimizer_plateau_epochs", d.plateau_epochs)));
}

class EntryWriter {
 public:
  explicit EntryWriter(Text& text) : text_(text) {}
  template <class V> bool word(const char* key, const V& value) {
    begin(key);
    text_.add(value);
    return true;
  }
  bool number(const char* key, uint64_t value) { return word(key, value); }
  bool flag(const char* key, bool value) { return word(key, (uint64_t)value); }
  bool name(const char* key, const char* (*name_of)(int), int number) { return word(key, name_of(number)); }
  bool present(const char*, bool present) { return present; }
  bool holds(bool, const char*) { return true; }
  template <class V> bool list(const char* key, const Buffer<V>& values) {
    begin(key);
    for (size_t i = 0; i < values.size(); ++i) {
      if (i) text_.add(' ');
      add(values[i]);
    }
    return true;
  }

 private:
  void begin(const char* key) {
    text_.add("\",\"");
    text_.add(key);
    text_.add("\":\"");
  }
  void add(size_t size) { text_.add((uint64_t)size); }
  void add(int32_t activation) { text_.add(netlet_activation_name(activation)); }
  Text& text_;
};

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

// Reads the entries as they are written; the first that is not as it should be ends it.
class EntryReader {
 public:
  explicit EntryReader(Cursor& cursor) : cursor_(cursor) {}

  netlet_status read(Description& d, netlet_error* error) {
    if (!cursor_.skip(kBegin)) {
      if (cursor_.skip("{"))
        return fail(error, NETLET_ERROR_FORMAT, "not a netlet network: the header was written by another program");
      return fail(error, NETLET_ERROR_FORMAT, "this is not a file of netlet's");
    }
    uint64_t format;
    if (!cursor_.number(&format)) return missing("a number", error);
    if (format != kFormat)
      return fail(error, NETLET_ERROR_FORMAT,
                  "it is of format %llu, but this netlet, %s, reads format %llu; a newer one may read it",
                  (unsigned long long)format, netlet_version(), (unsigned long long)kFormat);
    if (!each_entry(d, *this) || !found(d.slots <= 2, "fewer slots") || !skip("\"}")) return missing(expected_, error);
    return NETLET_OK;
  }

  template <size_t N> bool word(const char* key, char (&out)[N]) {
    return begin(key) && found(cursor_.word(out, N), "a word");
  }
  bool number(const char* key, uint64_t& value) { return begin(key) && found(cursor_.number(&value), "a number"); }
  bool flag(const char* key, bool& value) {
    uint64_t number = 0;
    if (!begin(key) || !found(cursor_.number(&number) && number <= 1, "0 or 1")) return false;
    value = number != 0;
    return true;
  }
  bool name(const char* key, const char* (*name_of)(int), int& number) {
    return begin(key) && found(a_name(name_of, number), key);
  }
  bool present(const char* key, bool& present) {
    const Cursor here = cursor_;
    present = begin(key);
    cursor_ = here;
    return present;
  }
  bool holds(bool there, const char* what) { return found(there, what); }
  template <class V> bool list(const char* key, Buffer<V>& values) {
    if (!begin(key)) return false;
    const size_t count = cursor_.count();
    if (!found(count <= 1 + cursor_.size() / kLeastPerLayer, "fewer layers in a header this short")) return false;
    no_memory_ = !values.allocate(count);
    for (size_t i = 0; i < count; ++i)
      if (no_memory_ || (i && !skip(" ")) || !item(values[i])) return false;
    return true;
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
  bool begin(const char* key) {
    const Cursor here = cursor_;
    if (cursor_.skip("\",\"") && cursor_.skip(key) && cursor_.skip("\":\"")) return true;
    cursor_ = here;
    return found(false, key);
  }
  bool a_name(const char* (*name_of)(int), int& number) {
    char text[32];
    const Cursor here = cursor_;
    if (cursor_.word(text, sizeof text))
      for (number = 0; name_of(number); ++number)
        if (strcmp(text, name_of(number)) == 0) return true;
    cursor_ = here;
    return false;
  }
  bool item(size_t& size) {
    uint64_t value = 0;
    const bool there = cursor_.number(&value) && value <= SIZE_MAX;
    size = (size_t)value;
    return found(there, "a size");
  }
  bool item(int32_t& activation) { return found(a_name(netlet_activation_name, activation), "an activation"); }

  Cursor& cursor_;
  const char* expected_ = "";
  bool no_memory_ = false;
};

}  // namespace

size_t checksum_place() { return 8 + sizeof kBegin - 1 + strlen("1\",\"sha256\":\""); }

// Padded with blanks, so that the tensors begin at a multiple of 8 bytes.
void write_header(Description& d, Text& text) {
  text.add(kBegin);
  text.add(kFormat);
  EntryWriter writer(text);
  each_entry(d, writer);
  text.add("\"}");
  Model none;
  Tensor tensor;
  size_t offset = 0;
  for (size_t i = 0; get_tensor(d, none, i, &tensor); ++i) text.add(line_of(tensor, &offset).text);
  text.add('}');
  while (!text.failed() && text.size() % 8) text.add(' ');
}

netlet_status read_metadata(Cursor& cursor, Description& d, netlet_error* error) {
  return EntryReader(cursor).read(d, error);
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
