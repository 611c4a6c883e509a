// The desk's live parts: the feed, keys, the danger sound, canned replies. Everything else is plain forms and htmx.
"use strict";

(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const stored = (name, value) => {
    try {
      if (value !== undefined) localStorage.setItem(name, value);
      return localStorage.getItem(name);
    } catch { return null; }
  };
  const baseTitle = document.title;
  let title = baseTitle;
  let pulse = null;

  // ---- live feed
  function connect() {
    if (!$("#announce")) return;
    const feed = new EventSource("/desk/events");
    feed.addEventListener("pulse", (event) => onPulse(JSON.parse(event.data)));
    addEventListener("pagehide", () => feed.close(), { once: true });
  }

  function onPulse(now) {
    const before = pulse;
    pulse = now;
    badge(now, before);
    if (!before) return news(); // what came between the page and its feed
    const queueChanged = now.queue !== before.queue || now.waiting !== before.waiting || now.desk !== before.desk;
    if (queueChanged) refresh("#queue");
    if (now.message !== before.message || now.desk !== before.desk) news();
  }

  function badge(now, before) {
    const text = now.danger === 1 ? "1 danger alert waits" : `${now.danger} danger alerts wait`;
    document.title = now.danger ? `(${now.danger}!) ${title}` : title;
    const bar = $("#danger-bar");
    bar.hidden = !now.danger;
    $("a", bar).textContent = text;
    if (now.danger > (before ? before.danger : 0)) sound();
    if (before && now.waiting > before.waiting) $("#announce").textContent = "A patient waits for a person.";
  }

  // ---- which parts of the system are down
  async function parts() {
    const bar = $("#parts-bar");
    if (!bar || document.hidden) return;
    const answer = await fetch("/healthz", { cache: "no-store" }).catch(() => null);
    const told = answer ? await answer.json().catch(() => ({})) : { parts: { web: "down" } };
    const states = { ...told.parts, ...told.receivers };
    const down = Object.keys(states).filter((name) => states[name] !== "ok");
    const text = [...new Set(down.map((name) => bar.dataset[name.split(" ")[0]] || name))].join(" ");
    bar.hidden = !text;
    if (bar.textContent !== text) bar.textContent = text;
  }

  // Rows never move under a pointer that is about to press one: the list waits until the pointer rests.
  let pointed = 0;
  let later = null;
  document.addEventListener("pointermove", (event) => { if (event.target.closest(".rows")) pointed = Date.now(); });
  function refresh(selector) {
    const part = $(selector);
    const typing = document.activeElement && document.activeElement.closest(".find, .chips select");
    clearTimeout(later);
    if (!part || typing) return;
    if (Date.now() - pointed < 700) later = setTimeout(() => refresh(selector), 700);
    else htmx.trigger(part, "refresh");
  }

  // What the page asks by itself is no use of the session: the server lets who went away time out.
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.target.id === "queue" || event.target.id === "news") event.detail.headers["x-desk-live"] = "1";
  });
  // Waiting times, promises and rows that slept change without anything being stored.
  setInterval(() => { if (!document.hidden) refresh("#queue"); }, 60000);

  let asking = false;
  let again = false;
  function news() {
    const part = $("#news");
    const chat = $("#chat");
    if (!part || !chat || document.hidden) return; // nobody reads what comes now

    if (asking) { again = true; return; }
    asking = true;
    const after = chat.dataset.last;
    htmx.ajax("GET", `/desk/c/${chat.dataset.chat}/news?after=${after}`, { source: part, target: "#messages", swap: "beforeend" })
      .finally(() => { asking = false; if (again) { again = false; news(); } });
  }
  setInterval(news, 20000);
  document.addEventListener("visibilitychange", news);

  function settle() {
    const chat = $("#chat");
    if (!chat) return;
    const last = $("#messages li.msg:last-of-type");
    if (last) chat.dataset.last = last.id.slice(1);
    for (const link of document.querySelectorAll(".rows a")) {
      link.classList.toggle("is-open", link.getAttribute("href").startsWith(`/desk/c/${chat.dataset.chat}`));
    }
  }

  const toEnd = () => { const talk = $("#talk"); if (talk) talk.scrollTop = talk.scrollHeight; };
  const nearEnd = () => { const talk = $("#talk"); return talk && talk.scrollHeight - talk.scrollTop - talk.clientHeight < 160; };
  let stick = true;

  // What is being written in a chat stays there until it is sent, whatever else is opened meanwhile. In memory only.
  const drafts = new Map();
  function keepDraft(sent) {
    const chat = $("#chat"), box = $("#text");
    if (!chat || !box) return;
    if (sent || !box.value) drafts.delete(chat.dataset.chat);
    else drafts.set(chat.dataset.chat, box.value);
  }
  function bringDraft() {
    const chat = $("#chat"), box = $("#text");
    if (chat && box && drafts.has(chat.dataset.chat)) box.value = drafts.get(chat.dataset.chat);
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    stick = nearEnd();
    const request = event.detail.requestConfig;
    if (event.detail.target.id === "side") keepDraft(request && request.path.endsWith("/reply") && event.detail.xhr.status < 300);
    if (event.detail.target.id === "queue") focusBefore = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.item : null;
  });
  document.addEventListener("htmx:beforeRequest", () => { $("#problem").replaceChildren(); });
  let focusBefore = null;
  let firstNext = false;

  document.addEventListener("htmx:afterSettle", (event) => {
    const target = event.detail.target;
    if (target.id === "side") {
      document.body.classList.toggle("has-side", Boolean($("#chat")));
      bringDraft();
      const name = $("#chat-title");
      title = name ? `${name.firstChild.textContent.trim()} · ${baseTitle.split(" · ").pop()}` : baseTitle;
      document.title = title;
      if (pulse && pulse.danger) document.title = `(${pulse.danger}!) ${title}`;
      toEnd();
      const box = $("#text");
      if (box && box.form.dataset.mine) box.focus(); else if (name) name.focus();
    } else if (target.id === "messages" && stick) {
      toEnd();
    } else if (target.id === "queue" && firstNext) {
      firstNext = false;
      const link = $(".rows a");
      if (link) link.focus();
    } else if (target.id === "queue" && focusBefore) {
      const link = document.querySelector(`.rows a[data-item="${focusBefore}"]`);
      if (link) link.focus();
    }
    settle();
  });

  // A row is settled: the list is read anew, and Enter opens its first row.
  document.addEventListener("desk-done", () => {
    pointed = 0;
    firstNext = true;
    refresh("#queue");
  });

  // ---- sound
  let tone = null;
  function sound() {
    if (stored("desk-sound") !== "on") return;
    tone = tone || new AudioContext();
    [0, 0.22, 0.44].forEach((start, index) => {
      const osc = tone.createOscillator();
      const gain = tone.createGain();
      osc.frequency.value = index % 2 ? 660 : 880;
      gain.gain.setValueAtTime(0.15, tone.currentTime + start);
      gain.gain.exponentialRampToValueAtTime(0.001, tone.currentTime + start + 0.2);
      osc.connect(gain).connect(tone.destination);
      osc.start(tone.currentTime + start);
      osc.stop(tone.currentTime + start + 0.2);
    });
    document.documentElement.dataset.sounded = "1";
  }
  function showSound() {
    const on = stored("desk-sound") === "on";
    const button = $("#sound");
    button.setAttribute("aria-pressed", String(on));
    button.textContent = on ? "Sound on" : "Sound off";
  }

  // ---- keys
  const keysOn = () => stored("desk-keys") !== "off";
  function onKey(event) {
    if (event.target.id === "text" && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.target.form.requestSubmit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || !keysOn() || event.target.closest("input, textarea, select, dialog")) return;
    const key = event.key;
    if (key === "j" || key === "k") move(key === "j" ? 1 : -1);
    else if (key === "/" && $("#q")) $("#q").focus();
    else if (key === "r" && $("#text")) $("#text").focus();
    else if (key === "?") $("#key-help").showModal();
    else {
      const button = document.querySelector(`#side [data-key="${CSS.escape(key)}"]`);
      if (!button) return;
      if (button.tagName === "SUMMARY") {
        button.parentElement.open = true;
        button.parentElement.querySelector("div button").focus();
      } else button.click();
    }
    event.preventDefault();
  }
  function move(step) {
    const links = [...document.querySelectorAll(".rows a")];
    const now = links.indexOf(document.activeElement);
    const open = links.findIndex((link) => link.classList.contains("is-open"));
    const next = links[Math.max(0, Math.min(links.length - 1, (now >= 0 ? now : open) + step))];
    if (next) next.focus();
  }

  document.addEventListener("keydown", onKey);
  document.addEventListener("change", (event) => {
    if (event.target.id === "canned" && event.target.value) {
      const box = $("#text");
      box.value = box.value ? `${box.value.trimEnd()}\n${event.target.value}` : event.target.value;
      event.target.value = "";
      box.focus();
    }
    if (event.target.id === "keys-on") stored("desk-keys", event.target.checked ? "on" : "off");
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-dismiss]")) $("#problem").replaceChildren();
    if (event.target.id === "keys") $("#key-help").showModal();
    if (event.target.id === "sound") { stored("desk-sound", stored("desk-sound") === "on" ? "off" : "on"); showSound(); sound(); }
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("DOMContentLoaded", () => {
    if ($("#sound")) showSound();
    if ($("#keys-on")) $("#keys-on").checked = keysOn();
    settle();
    toEnd();
    connect();
    parts();
    setInterval(parts, 10000);
    document.addEventListener("visibilitychange", parts);
  });
})();
