// Keeps what is typed on this device until the server has it. Where that has something newer, it stands in the fields,
// and what was typed here is a button away.

const form = document.querySelector("form[data-draft]");

if (form) {
  const { draft, number, stale } = form.dataset, { record } = form.elements, place = `${draft} ${location.pathname}`;
  const typed = () => JSON.stringify([...new FormData(form)]
    .filter(([name, value]) => value && form.elements[name].type !== "hidden"));
  const base = typed(), kept = JSON.parse(localStorage.getItem(place));
  const keep = (sent) =>
    localStorage.setItem(place, JSON.stringify({ base, typed: typed(), number, record: record?.value, sent }));
  const show = (name, shown) => { form.querySelector(`[data-${name}]`).hidden = !shown; };
  const restore = () => {
    for (const input of form.elements) {
      const values = JSON.parse(kept.typed).filter(([name]) => name === input.name).map(([, value]) => value);
      if (["radio", "checkbox"].includes(input.type)) input.checked = values.includes(input.value);
      else if (input.name && input.type !== "hidden") input.value = values[0] || "";
    }
    if (record) record.value = kept.record;
    show("newer", false);
    form.dispatchEvent(new Event("input"));
  };
  const same = (text) => text.replace(/"(\d+)[.,](\d{3})"/g, '"$1$2"'); // as it is kept
  const there = kept && (same(kept.typed) === same(base) || (kept.sent && kept.number !== number)
    || (record && document.querySelector(`form[action*="${kept.record}"]`)));
  if (there && !stale) localStorage.removeItem(place);
  else if (kept && !there) kept.base === base ? restore() : show("newer", true);
  form.querySelector("[data-newer] button").onclick = restore;
  form.addEventListener("input", () => keep(false));
  form.addEventListener("submit", (event) => {
    keep(navigator.onLine);
    if (navigator.onLine) return;
    event.preventDefault(); // it stays before their eyes
    show("offline", true);
  });
  addEventListener("online", () => show("offline", false));
}
