/* Keeps an unfinished form on this device until the server has received it. Every page works without this. */
(() => {
  "use strict";
  const PREFIX = "mcof:draft:";
  const NOT_ANSWERS = new Set(["csrfmiddlewaretoken", "draft", "take"]);

  // The server names in a cookie what has arrived: only now may the copy go.
  const arrived = /(?:^|; )received=([^;]*)/.exec(document.cookie);
  if (arrived) {
    try {
      for (const form of arrived[1].split("."))
        for (const name of Object.keys(localStorage))
          if (name.startsWith(PREFIX) && name.endsWith(":" + form)) localStorage.removeItem(name);
      document.cookie = "received=; path=/; max-age=0; samesite=lax";
    } catch { /* nothing was kept */ }
  }

  const errors = document.querySelector(".errors");
  if (errors) errors.focus();

  const form = document.querySelector("form[data-keep]");
  if (!form) return;
  const offer = document.getElementById("offer");
  const words = offer.dataset;
  const say = (text) => { document.getElementById("kept").textContent = text; };
  const language = document.documentElement.lang;
  const spoken = (time) => {
    const today = new Date(time).toDateString() === new Date().toDateString();
    return new Date(time).toLocaleString(language, { timeStyle: "short", ...(!today && { dateStyle: "medium" }) });
  };

  for (const area of form.querySelectorAll("[data-counter]")) {
    const count = document.createElement("p");
    count.className = "hint";
    area.after(count);
    const tell = () => {
      const left = area.dataset.counter - area.value.length;
      count.textContent = (left < 0 ? words.over : words.left).replace("%s", Math.abs(left).toLocaleString(language));
    };
    area.addEventListener("input", tell);
    tell();
  }

  // A date that is typed is known.
  form.addEventListener("input", ({ target }) => {
    const unknown = form.elements.started_unknown;
    if (target.value && /^started_(day|month|year)$/.test(target.name)) unknown.checked = false;
  });

  const mine = PREFIX + form.elements.writer.value + ":";
  const name = () => mine + (form.dataset.keep || form.elements.key.value);
  const answers = () => [...new FormData(form)].filter(([question]) => !NOT_ANSWERS.has(question));
  let known = JSON.stringify(answers());
  let timer;

  const keep = () => {
    clearTimeout(timer);
    const now = answers();
    const text = JSON.stringify(now);
    if (text === known) return;
    try {
      localStorage.setItem(name(), JSON.stringify({ at: Date.now(), answers: now }));
      known = text;
      say(words.saved.replace("%s", spoken(Date.now())));
    } catch {
      say(words.refused);
    }
  };

  try {
    localStorage.setItem(PREFIX, "");
    localStorage.removeItem(PREFIX);
  } catch {
    say(words.refused);
    return;
  }
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(keep, 1000); });
  form.addEventListener("focusout", keep);
  document.addEventListener("visibilitychange", keep);
  addEventListener("pagehide", keep);

  // An empty new form offers the newest copy; a form with answers only its own, where that is newer than the server's.
  const { fresh, keep: fixed, savedAt } = form.dataset;
  const copies = Object.keys(localStorage)
    .filter((copy) => (fresh && !fixed ? copy.startsWith(mine) && !copy.endsWith("-edit") : copy === name()))
    .map((copy) => ({ copy, ...JSON.parse(localStorage.getItem(copy)) }))
    .filter(({ at }) => fresh || (savedAt && at > (Number(savedAt) + 1) * 1000))
    .sort((one, other) => other.at - one.at);
  const show = () => {
    offer.hidden = !copies.length;
    if (copies.length) offer.querySelector("time").textContent = spoken(copies[0].at);
  };
  const bringBack = (told) => {
    for (const field of form.elements) {
      if (!field.name || NOT_ANSWERS.has(field.name)) continue;
      const said = told.filter(([question]) => question === field.name).map(([, answer]) => answer);
      if (field.type === "radio" || field.type === "checkbox") field.checked = said.includes(field.value);
      else if (said.length) field.value = said[0];
    }
    form.dispatchEvent(new Event("input"));
    for (const area of form.querySelectorAll("[data-counter]")) area.dispatchEvent(new Event("input"));
  };
  offer.addEventListener("click", ({ target }) => {
    if (target.value === "back") {
      bringBack(copies[0].answers);
      copies.length = 0;
      form.querySelector("select, input:not([type=hidden])").focus();
    } else if (target.value === "discard") {
      localStorage.removeItem(copies.shift().copy);
    }
    show();
  });
  show();
})();
