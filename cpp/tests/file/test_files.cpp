// SPDX-License-Identifier: BSD-3-Clause
// Files through netlet.hpp: what is saved comes back, and whatever else is refused.
#include <cmath>
#include <cstdio>
#include <netlet/netlet.hpp>

#include "check.hpp"
#include "model_bytes.hpp"

using files::bytes_of;
using files::File;
using netlet::Activation;
using netlet::Checkpoint;
using netlet::Loss;
using netlet::Network;

static Checkpoint load(const File& file) { return Network::from_bytes(file.data(), file.size()); }

static const std::vector<double> kX = {0, 0, 0, 1, 1, 0, 1, 1}, kY = {0, 1, 1, 0};
static const netlet::Array x(kX.data(), 4, 2), y(kY.data(), 4, 1);

static Network network(netlet::Dtype dtype = netlet::Dtype::float64) {
  Network net({2, 3, 1}, {Activation::tanh, Activation::identity}, Loss::quantile, netlet::Reduction::mean, dtype,
              {{0.25}, {0.125}});
  net.initialize(netlet::Init::he_uniform, 12345678901234567890u);
  net.set_scaling(netlet::Scaling::inputs, {1, 2}, {3, 4});
  return net;
}

static void what_is_saved_comes_back() {
  for (const auto dtype : {netlet::Dtype::float32, netlet::Dtype::float64}) {
    Network net = network(dtype);
    netlet::Optimizer adam = netlet::AdamW(0.01);
    netlet::FitOptions options;
    options.epochs = 3;
    net.fit(x, y, adam, options);
    const File file = bytes_of(net, &adam);
    Checkpoint back = load(file);
    CHECK(back.network.fingerprint() == net.fingerprint());
    CHECK(back.network.seed() == net.seed() && back.network.epochs_trained() == 3);
    CHECK(netlet_dropout(back.network.get(), 0) == 0.125 && netlet_loss_parameter(back.network.get(), 0) == 0.25);
    CHECK(back.optimizer.has_value() && back.optimizer->steps() == 3 && back.optimizer->config().weight_decay == 0.01);
    CHECK(bytes_of(back.network, &*back.optimizer) == file);
    net.fit(x, y, adam, options);
    back.network.fit(x, y, *back.optimizer, options);
    CHECK(back.network.fingerprint() == net.fingerprint());
    CHECK(!load(bytes_of(net)).optimizer);
  }
}

static void files_are_replaced_as_a_whole() {
  const std::string path = "test_files.netlet";
  const Network net = network();
  net.save(path);
  CHECK(Network::load(path).fingerprint() == net.fingerprint());
  CHECK(!Network::load_checkpoint(path).optimizer);
  Network other = network();
  other.initialize(netlet::Init::glorot_uniform, 1);
  other.save(path);
  CHECK(Network::load(path).fingerprint() == other.fingerprint());
  Network broken = network();
  broken.parameters<double>()[1] = NAN;
  CHECK_ERROR(broken.save(path), "parameters: expected finite numbers, got nan at position 1");
  CHECK(Network::load(path).fingerprint() == other.fingerprint());
  std::remove(path.c_str());
  CHECK_ERROR(Network::load(path), path + ": cannot read: no such file or directory");
  CHECK_ERROR(net.save(path + std::string("\0hidden", 7)), "path: expected no zero byte");
  CHECK_ERROR(net.save("no/such/folder/file"), "no/such/folder/file: cannot write: no such file or directory");
  CHECK_ERROR(Network::load("."), "directory");
  CHECK_ERROR(net.save("."), "directory");
}

static void texts_are_carried_along() {
  Network net = network();
  const auto note = [](const Network& from, int kind) {
    const char* const text = netlet_note(from.get(), kind);
    return std::string(text ? text : "none");
  };
  const std::string texts[] = {R"(["a \"b\" \\ c","\u00e9"])", "", "none"};
  netlet::Check check;
  for (int kind = NETLET_CLASSES; kind <= NETLET_FEATURE_NAMES; ++kind)
    check(netlet_set_note(net.get(), kind, texts[kind].c_str(), check));
  const Network loaded = std::move(load(bytes_of(net)).network), copy = loaded.copy();
  for (int kind = NETLET_CLASSES; kind <= NETLET_METADATA; ++kind)
    CHECK(note(loaded, kind) == texts[kind] && note(copy, kind) == texts[kind]);
  CHECK(loaded.fingerprint() == network().fingerprint());
  netlet_error error;
  for (const char* bad : {"\n", "\x7f", "caf\xc3\xa9"}) {
    CHECK(netlet_set_note(net.get(), NETLET_METADATA, bad, &error) == NETLET_ERROR_ARGUMENT);
    CHECK(std::string(error.message).find("printable ASCII") != std::string::npos);
  }
  CHECK(netlet_set_note(net.get(), 3, "", &error) == NETLET_ERROR_ARGUMENT && !netlet_note(net.get(), 3));
  const char* const from = "\"feature_names\":\"\"";
  for (const char* forged :
       {"\"feature_names\":\"\\n\"", "\"feature_names\":\"\\u0041\"", "\"feature_names\":\"\x01\""})
    CHECK_ERROR(load(files::with(bytes_of(net), from, forged)), "damaged");
  check(netlet_set_note(net.get(), NETLET_CLASSES, nullptr, check));
  CHECK(note(net, NETLET_CLASSES) == "none");
}

static void any_other_file_is_refused() {
  const Network net = network();
  const File file = bytes_of(net);
  for (std::size_t size = 0; size < file.size(); ++size)
    CHECK_ERROR(load(File(file.begin(), file.begin() + (std::ptrdiff_t)size)), "file");
  for (std::size_t i = 0; i < 8 * file.size(); ++i) {
    File changed = file;
    changed[i / 8] ^= (unsigned char)(1 << i % 8);
    CHECK_ERROR(load(changed), "");
  }
  File longer = file;
  longer.push_back(0);
  CHECK_ERROR(load(longer), "too long");
}

// Forged so well that the checksum is right.
static void forged_files_are_refused() {
  netlet::Optimizer adam = netlet::Adam();
  Network net = network();
  net.step(x, y, adam);
  const File file = bytes_of(net, &adam);
  CHECK(load(files::with(file, "no such text", "")).optimizer.has_value());
  const struct {
    const char *from, *to, *message;
  } forged[] = {
      {"\"netlet_format\":\"2\"", "\"netlet_format\":\"3\"", "format 3"},
      {"\"netlet_format\":\"2\"", "\"netlet_format\":\"0\"", "format 0"},
      {"\"netlet_format\":\"2\"", "\"netlet_format\":\"1\"", "expected"},
      {"\"netlet_format\":\"2\"", "\"netlet_format\":\"99999999999999999999\"", "format 1844"},
      {"\"netlet_format\":", "\"format\":", "another program"},
      {"{\"__metadata__\"", "[\"__metadata__\"", "not a netlet file"},
      {"2 3 1", "2 3 2", "truncated"},
      {"2 3 1", "2 03 1", "a size"},
      {"2 3 1", "2 3 1 ", "a size"},
      {"2 3 1", "2 0 1", "too long"},
      {"2 3 1", "2 -3 1", "a size"},
      {"2 3 1", "2", "activation for each layer"},
      {"2 3 1", "4294967296 4294967296 4294967296", "can address"},
      {"2 3 1", "18446744073709551615 18446744073709551615 1", "can address"},
      {"2 3 1", "1000000000 1000000 1", "truncated"},
      {"tanh identity", "tanh mystery", "an activation"},
      {"tanh identity", "softmax identity", "softmax"},
      {"quantile\"", "cross_entropy\"", "too long"},
      {"\"mean\"", "\"median\"", "reduction"},
      {"\"inputs\"", "\"sideways\"", "scaling"},
      {"\"float64\"", "\"float32\"", "too long"},
      {"\"float64\"", "\"int8\"", ""},
      {"\"optimizer\":\"adam\"", "\"optimizer\":\"rprop\"", ""},
      {"\"optimizer\":\"adam\"", "\"optimizer\":\"sgd\"", "damaged"},
      {"optimizer_slots\":\"2", "optimizer_slots\":\"1", ""},
      {"optimizer_slots\":\"2", "optimizer_slots\":\"3", ""},
      {"optimizer_bound\":\"1", "optimizer_bound\":\"0", "too long"},
      {"optimizer_bound\":\"1", "optimizer_bound\":\"2", "expected optimizer_bound"},
      {"layers.1.bias", "layers.0.bias", "damaged"},
      {"\"F64\"", "\"F32\"", "damaged"},
      {"[2,3]", "[3,2]", "damaged"},
      {"data_offsets\":[0,", "data_offsets\":[8,", "damaged"},
      {"}}", "}}x", "its end"},
      {"}}", "},\"more\":{}}", ""},
      {"numerics_version\":\"", "numerics_version\":\"7", ""},
  };
  const netlet::Optimizer unused = netlet::Adam();
  CHECK_ERROR(load(files::with(bytes_of(net, &unused), "optimizer_slots\":\"2", "optimizer_slots\":\"1")),
              "optimizer_slots: expected 2");
  File blanks = file;
  blanks.insert(blanks.begin() + 8 + (blanks[0] | blanks[1] << 8), 8, ' ');
  blanks[0] = (unsigned char)(blanks[0] + 8);
  CHECK(blanks[0] >= 8);  // no carry
  files::sign(blanks);
  CHECK_ERROR(load(blanks), "its end");
  for (const auto& forgery : forged) {
    const File changed = files::with(file, forgery.from, forgery.to);
    if (changed == file || std::strcmp(forgery.from, "numerics_version\":\"") == 0) continue;
    CHECK_ERROR(load(changed), forgery.message);
  }
}

static void values_are_checked() {
  const Network net = network();
  const File file = bytes_of(net);
  const auto with_value = [&](double old, double value) {  // the first binary64 that is `old`
    File changed = file;
    for (std::size_t at = 8; at + 8 <= changed.size(); at += 8)
      if (std::memcmp(changed.data() + at, &old, 8) == 0) {
        std::memcpy(changed.data() + at, &value, 8);
        break;
      }
    CHECK(changed != file);
    files::sign(changed);
    return changed;
  };
  CHECK_ERROR(load(with_value(0.125, 1.5)), "dropout");
  CHECK_ERROR(load(with_value(0.25, 1.5)), "quantile");
  CHECK_ERROR(load(with_value(3, -3)), "scale");
  CHECK_ERROR(load(with_value(3, NAN)), "scale");
  CHECK_ERROR(load(with_value(3, 3.5)), "fingerprint");
  const double weight = net.parameters<double>()[0];
  CHECK_ERROR(load(with_value(weight, NAN)), "parameters");
  CHECK_ERROR(load(with_value(weight, weight + 1)), "fingerprint");
  const std::string text(file.begin(), file.end()),
      place = "\"self_test.input\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[";
  const std::size_t header = file[0] | file[1] << 8;
  double row[2], output;
  std::memcpy(row, file.data() + 8 + header + std::strtoul(text.c_str() + text.find(place) + place.size(), nullptr, 10),
              16);
  std::memcpy(&output, file.data() + file.size() - 8, 8);
  CHECK_ERROR(load(with_value(output, output + 1)), "self-test");
  CHECK_ERROR(load(with_value(row[0], row[0] + 1)), "self-test");
}

int main() {
  what_is_saved_comes_back();
  files_are_replaced_as_a_whole();
  texts_are_carried_along();
  any_other_file_is_refused();
  forged_files_are_refused();
  values_are_checked();
  return check::summary();
}
