/* Keeps an unfinished form on this device until the server has received it. The page works without it. */
(() => {
  "use strict";
  const PREFIX = "mcof-draft:";
  const say = (text) => { const place = document.getElementById("kept"); if (place) place.textContent = text; };
  const clock = (time) => new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

  const errors = document.querySelector(".errors");
  if (errors) errors.focus();

  // The crisis page says which submission has arrived: only now may the copy go.
  const received = new URLSearchParams(location.search).get("received");
  if (received) {
    try {
      Object.keys(localStorage).filter((name) => name.endsWith(":" + received)).forEach((name) => localStorage.removeItem(name));
    } catch { /* nothing was kept */ }
    history.replaceState(null, "", location.pathname);
  }

  const form = document.querySelector("form[data-keep]");
  if (!form) return;

  document.querySelectorAll("[data-counter]").forEach((area) => {
    const left = document.createElement("p");
    left.className = "hint";
    const count = () => { left.textContent = `${area.value.length} / ${area.dataset.counter}`; };
    area.after(left);
    area.addEventListener("input", count);
    count();
  });

  const words = document.getElementById("draft-words").dataset;
  const mine = PREFIX + form.dataset.keep + ":";
  const skipped = new Set(["csrfmiddlewaretoken", "draft"]);
  const answers = () => [...new FormData(form)].filter(([name]) => !skipped.has(name));
  const asOpened = JSON.stringify(answers());
  let timer;

  const keep = () => {
    clearTimeout(timer);
    const now = answers();
    if (JSON.stringify(now) === asOpened) return;
    try {
      const at = Date.now();
      localStorage.setItem(mine + form.elements.key.value, JSON.stringify({ at, answers: now }));
      say(words.saved.replace("%s", clock(at)));
    } catch {
      say(words.refused);
    }
  };
  const bringBack = (kept) => {
    for (const field of form.elements) {
      if (!field.name || skipped.has(field.name)) continue;
      const said = kept.answers.filter(([name]) => name === field.name).map(([, value]) => value);
      if (field.type === "radio" || field.type === "checkbox") field.checked = said.includes(field.value);
      else if (field.multiple) for (const option of field.options) option.selected = said.includes(option.value);
      else if (said.length) field.value = said[0];
    }
  };

  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(keep, 1000); });
  form.addEventListener("focusout", keep);
  addEventListener("pagehide", keep);
  document.addEventListener("visibilitychange", () => { if (document.hidden) keep(); });

  // An empty new form offers the newest copy that never arrived.
  if (!form.dataset.fresh) return;
  let newest;
  try {
    for (const name of Object.keys(localStorage).filter((key) => key.startsWith(mine))) {
      const kept = { name, ...JSON.parse(localStorage.getItem(name)) };
      if (!newest || kept.at > newest.at) newest = kept;
    }
  } catch { return; }
  if (!newest) return;
  const offer = document.createElement("p");
  offer.className = "msg info";
  offer.append(words.found.replace("%s", new Date(newest.at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })) + " ");
  const choice = (text, act) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn";
    button.textContent = text;
    button.addEventListener("click", () => { act(); offer.remove(); });
    offer.append(button, " ");
  };
  choice(words.back, () => bringBack(newest));
  choice(words.discard, () => localStorage.removeItem(newest.name));
  form.before(offer);
})();
