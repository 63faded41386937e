(() => {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const bytesOf = (text) => {
    const binary = atob(text);
    const out = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i++) out[i] = binary.charCodeAt(i);
    return out;
  };
  const element = (tag, text, name) => {
    const e = document.createElement(tag);
    if (text !== undefined) e.textContent = text;
    if (name) e.className = name;
    return e;
  };
  const grouped = (n) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  const moment = (t) => t.slice(0, 19).replace("T", " ");
  const zero = (t) => !t || t.startsWith("0001-");

  let name = "the copy of the pack in this page"; // what is checked now
  const verdict = (state, title, text) => {
    $("verdict").className = "verdict " + state;
    $("verdict-title").textContent = title;
    $("verdict-text").textContent = text;
    $("verdict").dataset.of = name;
  };

  let pack = null;
  let events = [];
  let proven = false;
  let drawn = 0;
  const page = 200;

  const claims = (s, rep) => {
    const list = $("claims");
    list.replaceChildren();
    const add = (term, text, mono) => {
      if (text === undefined || text === "") return;
      list.append(element("dt", term), element("dd", text, mono ? "mono" : ""));
    };
    add("Asked by", s.by);
    add("Reason", s.reason);
    add("Case", s.case);
    add("Made", moment(s.made) + " UTC, sealed as record " + grouped(s.record));
    add("Query", s.query || "*", true);
    if (!zero(s.since)) add("Arrived from", moment(s.since) + " UTC");
    if (!zero(s.until)) add("Arrived before", moment(s.until) + " UTC");
    add("Searched", s.from < s.to ? "records " + grouped(s.from) + " to " + grouped(s.to - 1) + (s.complete ? ", all headers enclosed" : ", with " + s.source) : "no records");
    add("Found", grouped(s.results) + (s.results === 1 ? " event" : " events") + (s.no_looks ? "; looks at the record are left out" : ""));
    add("Disclosed", s.disclosed.length ? s.disclosed.join(", ") : "headers only");
    if (rep.size) add("Checkpoint", grouped(rep.size) + " records, root " + rep.root, true);
    add("Key", rep.key, true);
    $("question").textContent = s.words;
    document.title = "Evidence pack of " + rep.origin;
    $("origin").textContent = rep.origin;
  };

  const detail = (e) => {
    const cell = element("td");
    cell.colSpan = 6;
    const part = (title, text) => {
      cell.append(element("h3", title));
      let pretty = text;
      try { pretty = JSON.stringify(JSON.parse(text), null, 2); } catch { /* as it is */ }
      cell.append(element("pre", pretty));
    };
    if (e.wrong) part("What is wrong", e.wrong);
    part("Header, as sealed (in other line breaks)", e.header);
    for (const c of ["who", "what", "payload"]) {
      if (e.envelope[c] !== undefined) part("Envelope " + c, e.envelope[c]);
      else if (e.missing[c]) cell.append(element("h3", "Envelope " + c + ": " + e.missing[c]));
    }
    const row = element("tr", undefined, "detail");
    row.append(cell);
    return row;
  };

  const row = (e, i) => {
    const tr = element("tr");
    const number = element("td", undefined, "number");
    const open = element("button", grouped(e.number), "row");
    open.type = "button";
    open.setAttribute("aria-expanded", "false");
    open.setAttribute("aria-label", "Record " + e.number + ": show all of it");
    number.append(open);
    const who = element("td", e.who);
    who.append(element("small", e.known));
    const missing = Object.entries(e.missing).map(([c, why]) => c + " " + why);
    const proof = element("td", e.wrong ? "broken" : proven ? "in the ledger" : "not proven", "proof " + (proven && !e.wrong ? "good" : "bad"));
    if (missing.length) proof.append(element("small", missing.join(", ")));
    tr.append(number, element("td", moment(e.time), "time"), who, element("td", e.what, "what"), element("td", e.outcome), proof);
    let shown = null;
    open.addEventListener("click", () => {
      if (shown) { shown.remove(); shown = null; } else { shown = detail(e); tr.after(shown); }
      open.setAttribute("aria-expanded", String(shown !== null));
    });
    return tr;
  };

  const more = () => {
    const rows = document.createDocumentFragment();
    for (const end = Math.min(drawn + page, events.length); drawn < end; drawn++) rows.append(row(events[drawn], drawn));
    $("events").append(rows);
    $("more").hidden = drawn >= events.length;
    $("more").textContent = "Show more: " + grouped(events.length - drawn) + " are left";
  };

  const show = (view) => {
    if (view.error) {
      verdict("broken", "Could not be read", "Of " + name + ": " + view.error);
      return;
    }
    const rep = view.report;
    const bad = rep.findings.filter((f) => !f.holds).length;
    if (view.ok && rep.key_given) verdict("intact", "The evidence holds", "Checked here, in your browser: " + name + ", under the key that you gave.");
    else if (view.ok) verdict("intact", "The evidence holds, under the key that it names itself", "Checked here, in your browser: " + name + ". Compare the key with one that you got another way: " + rep.key);
    else verdict("broken", "The evidence does not hold", "Checked here, in your browser: " + name + ". " + (bad === 1 ? "One check fails" : bad + " checks fail") + "; see below.");
    $("says-badge").textContent = view.ok ? "verified" : "not to be relied on";
    $("says-badge").className = "badge " + (view.ok ? "good" : "bad");
    if (rep.statement) claims(rep.statement, rep);
    $("findings").replaceChildren(...rep.findings.map((f) => element("li", f.text, f.holds ? "holds" : "fails")));
    $("limits-part").hidden = rep.unchecked.length + rep.limits.length === 0;
    $("limits").replaceChildren(...rep.unchecked.concat(rep.limits).map((t) => element("li", t)));
    $("findings-section").hidden = false;
    events = view.events;
    proven = view.ok;
    drawn = 0;
    $("events").replaceChildren();
    $("events-section").hidden = events.length === 0;
    $("events-note").textContent = (rep.events > events.length ? "The first " + grouped(events.length) + " of " + grouped(rep.events) + "; all are in events.csv. " : "") + "Choose a record to see all of it.";
    more();
  };

  const check = () => {
    verdict("unchecked", "Checking", "The verifier reads " + name + ".");
    // Let the browser draw first: the check is one long step.
    setTimeout(() => {
      let view;
      try { view = JSON.parse(globalThis.gatebookLook(pack, $("key").value.trim())); } catch (e) { view = { error: String(e) }; }
      show(view);
    }, 30);
  };

  const take = async (file) => {
    pack = new Uint8Array(await file.arrayBuffer());
    name = "the file " + file.name;
    check();
  };

  const ready = () => {
    $("again").hidden = false;
    $("key-form").addEventListener("submit", (e) => { e.preventDefault(); if (pack) check(); });
    $("file").addEventListener("change", (e) => { if (e.target.files[0]) take(e.target.files[0]); });
    const drop = $("drop");
    for (const kind of ["dragenter", "dragover"]) document.addEventListener(kind, (e) => { e.preventDefault(); drop.classList.add("over"); });
    document.addEventListener("dragleave", (e) => { if (!e.relatedTarget) drop.classList.remove("over"); });
    document.addEventListener("drop", (e) => { e.preventDefault(); drop.classList.remove("over"); if (e.dataTransfer.files[0]) take(e.dataTransfer.files[0]); });
    if (pack) check();
    else verdict("unchecked", "Not checked yet", "This pack is too large to be in its own page. Drop the zip file below to check it.");
  };

  const start = async () => {
    const text = $("verifier").textContent;
    if (!text) return; // the page says so
    if ($("pack").textContent) pack = bytesOf($("pack").textContent);
    const go = new Go();
    globalThis.gatebookReady = ready;
    const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
    const program = await new Response(stream).arrayBuffer();
    const { instance } = await WebAssembly.instantiate(program, go.importObject);
    go.run(instance);
  };
  start().catch((e) => verdict("broken", "The verifier does not run here", String(e) + ". Use gatebook-verify as README.txt says."));
})();
