// Keeps what is typed on this device until the server has it: a page that was left or lost comes back as it was typed.
// The server's draft is the true one: what is kept here is for its version alone.

const form = document.querySelector("form[data-draft]");

if (form) {
  const place = location.pathname, version = form.elements.version.value;
  const inputs = [...form.elements].filter((input) => input.name && input.name !== "version" && input.type !== "submit");
  const kept = JSON.parse(localStorage.getItem(place) || "null");
  if (kept && kept.version === version && !form.querySelector(".error:not(:empty)"))
    for (const input of inputs)
      if (input.type === "radio" || input.type === "checkbox") input.checked = kept.typed.some(([name, value]) => name === input.name && value === input.value);
      else input.value = (kept.typed.find(([name]) => name === input.name) || ["", input.value])[1];
  else localStorage.removeItem(place);
  form.addEventListener("input", () =>
    localStorage.setItem(place, JSON.stringify({ version, typed: [...new FormData(form)].filter(([name]) => name !== "version") })));
  form.addEventListener("submit", (event) => {
    if (navigator.onLine) return;
    event.preventDefault(); // what is typed stays before their eyes, and a word why it isn't sent
    form.querySelector("[data-offline]").hidden = false;
  });
}
