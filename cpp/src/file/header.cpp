// SPDX-License-Identifier: BSD-3-Clause
// The header of netlet's file: the metadata, then an entry for each tensor.
#include <stdio.h>

#include "file/format.hpp"

namespace netlet::core {
namespace {

constexpr size_t kLeastPerLayer = 120;  // bytes
constexpr char kBegin[] = "{\"__metadata__\":{\"netlet_format\":\"";

const char* scaling_name(int kinds) {
  const char* const names[] = {"none", "inputs", "outputs", "both"};
  return kinds >= 0 && kinds < 4 ? names[kinds] : nullptr;
}

const char* bit_name(int bit) { return bit == 0 ? "0" : bit == 1 ? "1" : nullptr; }

// Writes or reads, by f, the entries of the metadata after the first.
template <class F> void each_entry(Description& d, F&& f) {
  f.word("sha256", d.checksum);
  f.word("netlet_version", d.version);
  f.number("numerics_version", d.numerics);
  f.word("fingerprint", d.fingerprint);
  f.name("dtype", netlet_dtype_name, d.dtype);
  f.list("layer_sizes", d.sizes);
  f.list("activations", d.activations);
  f.name("loss", netlet_loss_name, d.loss);
  f.name("reduction", netlet_reduction_name, d.reduction);
  f.name("scaling", scaling_name, d.scaling);
  f.number("seed", d.seed);
  f.number("epochs_trained", d.epochs_trained);
  const char* const notes[kNotes] = {"classes", "feature_names", "metadata"};
  for (int i = 0; i < kNotes && d.format > 1; ++i)
    if (f.present(notes[i], d.notes[i])) f.text(notes[i], d.notes[i]);
  if (!f.present("optimizer", d.has_optimizer)) return;
  f.name("optimizer", netlet_optimizer_name, d.optimizer);
  f.name("optimizer_nesterov", bit_name, d.nesterov);
  f.name("optimizer_bound", bit_name, d.bound);
  f.number("optimizer_slots", d.slots);
  f.number("optimizer_steps", d.steps);
  f.number("optimizer_plateau_epochs", d.plateau_epochs);
}

class EntryWriter {
 public:
  explicit EntryWriter(Text& text) : text_(text) {}
  void word(const char* key, const char* value) { begin(key).add(value, "a word"); }
  void number(const char* key, uint64_t value) { begin(key).add(value, "a number"); }
  void name(const char* key, const char* (*name_of)(int), int number) { begin(key).add(name_of(number), key); }
  bool present(const char*, bool present) { return present; }
  bool present(const char*, const Buffer<char>& text) { return text.size() != 0; }
  void text(const char* key, const Buffer<char>& value) {
    begin(key);
    for (const char* c = value.data(); *c; ++c) {
      const char escaped[] = {'\\', *c, 0};
      text_.add(*c == '"' || *c == '\\' ? escaped : escaped + 1, key);
    }
  }
  template <class V> void list(const char* key, const Buffer<V>& values) {
    begin(key);
    for (size_t i = 0; i < values.size(); ++i) {
      if (i) text_.add(" ");
      add(values[i]);
    }
  }

 private:
  Text& begin(const char* key) {
    text_.add("\",\"", key);
    text_.add(key);
    text_.add("\":\"", key);
    return text_;
  }
  void add(size_t size) { text_.add((uint64_t)size, "a size"); }
  void add(int32_t activation) { text_.add(netlet_activation_name(activation), "an activation"); }
  Text& text_;
};

// Reads what it understands. Whatever else the entries say, they then differ from what would be written for `d`.
class EntryReader {
 public:
  EntryReader(const char* text, size_t size) : at_(text), end_(text + size), most_layers_(size / kLeastPerLayer) {}
  bool skip(const char* expected) {
    const size_t length = strlen(expected);
    const bool there = length <= (size_t)(end_ - at_) && memcmp(at_, expected, length) == 0;
    if (there) at_ += length;
    return there;
  }
  template <class Number> void read(Number& value) {
    char digits[24];
    read(digits, sizeof digits);
    value = (Number)strtoull(digits, nullptr, 10);
  }

  template <size_t N> void word(const char* key, char (&out)[N]) {
    if (begin(key)) read(out, N);
  }
  void number(const char* key, uint64_t& value) {
    if (begin(key)) read(value);
  }
  void name(const char* key, const char* (*name_of)(int), int& number) { number = begin(key) ? read(name_of) : -1; }
  bool present(const char* key, bool& present) { return present = is_next(key); }
  bool present(const char* key, const Buffer<char>&) { return is_next(key); }
  void text(const char* key, Buffer<char>& value) {
    if (!begin(key)) return;
    const char* end = at_;  // of the text, with its escapes
    while (end != end_ && *end >= ' ' && *end < 127 && *end != '"') end += *end == '\\' && end + 1 != end_ ? 2 : 1;
    no_memory |= !value.allocate((size_t)(end - at_) + 1, true);
    for (size_t i = 0; at_ != end && !no_memory; ++i, ++at_) {
      at_ += *at_ == '\\' && at_ + 1 != end;
      value[i] = *at_;
    }
  }
  template <class V> void list(const char* key, Buffer<V>& values) {
    if (!begin(key)) return;
    size_t count = 1;
    for (const char* c = at_; c != end_ && *c != '"'; ++c) count += *c == ' ';
    too_many |= count > 1 + most_layers_;
    no_memory |= !too_many && !values.allocate(count);
    for (size_t i = 0; i < values.size(); ++i, skip(" ")) read(values[i]);
  }
  bool no_memory = false, too_many = false;  // more layers than a header of this length can have

 private:
  bool begin(const char* key) { return skip("\",\"") && skip(key) && skip("\":\""); }
  bool is_next(const char* key) {
    const char* const here = at_;
    const bool is = begin(key);
    at_ = here;
    return is;
  }
  void read(char* word, size_t capacity) {  // up to a space or the end; printable ASCII that JSON does not escape
    size_t length = 0;
    for (; at_ != end_ && *at_ > ' ' && *at_ < 127 && *at_ != '"' && *at_ != '\\' && length + 1 < capacity; ++at_)
      word[length++] = *at_;
    word[length] = 0;
  }
  int read(const char* (*name_of)(int)) {  // -1 for an unknown name
    char word[32];
    read(word, sizeof word);
    for (int number = 0; name_of(number); ++number)
      if (strcmp(word, name_of(number)) == 0) return number;
    return -1;
  }
  void read(int32_t& activation) { activation = read(netlet_activation_name); }
  const char *at_, *end_;
  size_t most_layers_;
};

void write_metadata(Description& d, Text& text) {
  text.add(kBegin);
  text.add(d.format, "a number");
  each_entry(d, EntryWriter(text));
  text.add("\"}");
}

netlet_status damaged(const char* expected, size_t at, netlet_error* error) {
  return fail(error, NETLET_ERROR_FORMAT, "the header is damaged: expected %s at byte %zu", expected, 8 + at);
}

}  // namespace

size_t checksum_place() { return 8 + sizeof kBegin - 1 + strlen("1\",\"sha256\":\""); }

// Padded with spaces, so that the tensors begin at a multiple of 8 bytes.
void write_header(Description& d, Text& text) {
  write_metadata(d, text);
  Model none;
  Tensor tensor;
  size_t begin = 0;
  for (size_t i = 0; get_tensor(d, none, i, &tensor); ++i) {
    char shape[48] = "", line[256];
    if (tensor.dimensions == 1) snprintf(shape, sizeof shape, "%zu", tensor.shape[0]);
    if (tensor.dimensions == 2) snprintf(shape, sizeof shape, "%zu,%zu", tensor.shape[0], tensor.shape[1]);
    const size_t end = begin + tensor.bytes();
    snprintf(line, sizeof line, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}", tensor.name,
             tensor.is_float32 ? "F32" : "F64", shape, begin, end);
    text.add(line);
    begin = end;
  }
  text.add("}");
  while (!text.failed() && text.size() % 8) text.add(" ", "its end");
}

netlet_status read_metadata(const Buffer<char>& header, Description& d, netlet_error* error) {
  EntryReader reader(header.data(), header.size());
  if (!reader.skip(kBegin)) {
    if (reader.skip("{"))
      return fail(error, NETLET_ERROR_FORMAT, "not a netlet network: the header was written by another program");
    return fail(error, NETLET_ERROR_FORMAT, "this is not a netlet file");
  }
  reader.read(d.format);
  if (d.format < 1 || d.format > kFormat)
    return fail(error, NETLET_ERROR_FORMAT,
                "the file has format %llu, but netlet %s reads formats up to %llu; a newer version may read it",
                (unsigned long long)d.format, netlet_version(), (unsigned long long)kFormat);
  each_entry(d, reader);
  if ((d.format == 1) != (d.numerics == 1))
    return fail(error, NETLET_ERROR_FORMAT, "numerics_version: expected %s in a file of format %llu, got %llu",
                d.format == 1 ? "1" : "2 or more", (unsigned long long)d.format, (unsigned long long)d.numerics);
  if (reader.no_memory) return out_of_memory(error);
  Text text(header.data(), header.size());
  write_metadata(d, text);
  if (text.failed())
    return damaged(reader.too_many ? "fewer layers in a header this short" : text.expected(), text.size(), error);
  if (d.layers() + 1 != d.sizes.size()) return damaged("an activation for each layer", text.size(), error);
  return d.slots <= 2 ? NETLET_OK : damaged("fewer slots", text.size(), error);
}

netlet_status check_header(const Buffer<char>& header, Description& d, netlet_error* error) {
  Text text(header.data(), header.size());
  write_header(d, text);
  if (text.failed()) return damaged(text.expected(), text.size(), error);
  return text.size() == header.size() ? NETLET_OK : damaged("its end", text.size(), error);
}

}  // namespace netlet::core
