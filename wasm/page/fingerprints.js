// SPDX-License-Identifier: BSD-3-Clause
// The browser's fingerprint beside Python's, and whether they are the same, in words.

import { element } from "./dom.js";

// A fingerprint in groups that an eye can compare; those unlike `other`'s are marked.
export function grouped(fingerprint, other = fingerprint) {
  const groups = fingerprint.match(/.{1,8}/g);
  const others = other.match(/.{1,8}/g);
  return element(
    "code",
    { class: "fingerprint" },
    ...groups.map((group, i) => element("span", { class: group === others[i] ? null : "other" }, group)),
  );
}

export class Comparison {
  constructor(place, expected, before) {
    this.place = place;
    this.expected = expected;
    this.here = element("dd");
    this.verdict = element("p", { class: "verdict", role: "status" });
    place.append(
      element(
        "dl",
        {},
        element("div", {}, element("dt", {}, "Python"), element("dd", {}, grouped(expected))),
        element("div", {}, element("dt", {}, "This browser"), this.here),
      ),
      this.verdict,
    );
    this.wait(before);
  }

  wait(words) {
    const room = grouped(this.expected); // so that nothing moves when the fingerprint comes
    room.classList.add("room");
    room.setAttribute("aria-hidden", "true");
    this.here.replaceChildren(element("span", { class: "none" }, words), room);
    this.verdict.replaceChildren();
    delete this.place.dataset.same;
  }

  // Shows a fingerprint; `more` is what else there is to say, `others` whether all that belongs to it is the same.
  show(fingerprint, more, others = true) {
    const same = fingerprint === this.expected && others;
    this.here.replaceChildren(grouped(fingerprint, this.expected));
    this.place.dataset.same = same;
    const words = same ? ["The same bits", "as in Python"] : ["Different bits", "from Python’s"];
    this.verdict.replaceChildren(mark(same, words[0]), ` ${words[1]}, ${more}`);
  }

  say(words) {
    this.wait("–");
    this.verdict.textContent = words;
  }

  fail(message) {
    this.wait("–");
    this.verdict.replaceChildren(mark(false, "Failed"), ` ${message}`);
  }
}

export function mark(good, words) {
  return element("strong", { class: good ? "mark same" : "mark different" }, words);
}
