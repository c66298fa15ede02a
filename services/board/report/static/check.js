// Checks a figure while it is typed, by the rules that the server wrote into its form (rules.py). The server checks by
// the same ones: without this module nothing is lost but the sooner word.

// Read a count as the server does: its number, or the words that refuse it; null where nothing was typed.
export function read(text, rules) {
  const { longest, spaces, plain, grouped, twoMeanings } = rules.numbers;
  const whole = (pattern) => new RegExp(`^(?:${pattern})$`);
  const typed = text.trim().replace(new RegExp(spaces, "g"), " ");
  if (!typed) return null;
  if (typed.length > longest) return { words: rules.words.number };
  if (whole(twoMeanings).test(typed)) return { words: rules.words.twoMeanings };
  const found = whole(plain).exec(typed) || whole(grouped).exec(typed);
  if (!found) return { words: rules.words.number };
  if (found.groups.zeros === "000" && /[1-9]/.test(found[1])) return { words: rules.words.twoMeanings };
  const number = Number(found[1].replace(/[., ]/g, ""));
  return number > rules.most ? { words: rules.words.number } : { number };
}

// Judge all that was typed, by field: `wrong` by field, `unusual` by the doubt's name.
export function judge(typed, rules, language) {
  const counts = {}, wrong = {}, unusual = {};
  for (const [field, text] of Object.entries(typed)) {
    const found = read(text, rules);
    if (found && found.words) wrong[field] = found.words;
    else if (found) counts[field] = found.number;
  }
  for (const { fields, whole, words } of rules.limits) {
    const given = fields.filter((field) => field in counts);
    const sum = given.reduce((total, field) => total + counts[field], 0);
    if (given.length && whole in counts && sum > counts[whole] && !wrong[given[0]])
      wrong[given[0]] = words.replace("{total}", counts[whole]);
  }
  const { numerator, denominator } = counts;
  if (numerator === undefined || denominator === undefined) return { counts, wrong, unusual };
  const short = (number) => new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(number);
  for (const doubt of rules.doubts) {
    const value = denominator ? Math.round((1e4 * doubt.per * numerator) / denominator) / 1e4 : null;
    const moved = "change" in doubt ? Math.abs(denominator - doubt.before) / doubt.before : 0;
    const found = "change" in doubt ? denominator && moved > doubt.change
      : "least" in doubt ? value !== null && value < doubt.least
      : "most" in doubt ? value !== null && value > doubt.most
      : numerator === 0;
    if (found && !(doubt.name in unusual))
      unusual[doubt.name] = { ...doubt, words: doubt.words.replace("{change}", short(100 * moved)).replace("{value}", short(value)) };
  }
  return { counts, wrong, unusual };
}

function say(form, field, text, kind) {
  const place = form.querySelector(`[data-says="${CSS.escape(field)}"]`);
  if (!place) return;
  place.textContent = text;
  place.className = text ? kind : "";
  place.closest(".field").classList.toggle("field-error", kind === "error" && text !== "");
}

function watch(form) {
  const rules = JSON.parse(form.dataset.rules), left = new Set();
  const inputs = [...form.querySelectorAll("input[data-count]")];
  const look = () => {
    const typed = Object.fromEntries(inputs.map((input) => [input.name, input.value]));
    const { counts, wrong, unusual } = judge(typed, rules, document.documentElement.lang);
    for (const input of inputs) {
      const doubt = Object.values(unusual).find(({ field }) => field === input.name);
      const text = wrong[input.name] || (doubt ? doubt.words : "");
      if (left.has(input.name) || !text) say(form, input.name, text, wrong[input.name] ? "error" : "doubt");
      input.toggleAttribute("aria-invalid", left.has(input.name) && input.name in wrong);
      const apart = form.querySelector(`[data-apart="${CSS.escape(input.name)}"]`);
      if (apart && input.name in counts)
        apart.textContent = new Intl.NumberFormat(document.documentElement.lang, { signDisplay: "exceptZero" })
          .format(counts[input.name] - Number(apart.dataset.before));
    }
  };
  form.addEventListener("input", look);
  form.addEventListener("focusout", ({ target }) => { left.add(target.name); look(); });
}

if (typeof document !== "undefined") document.querySelectorAll("form[data-rules]").forEach(watch);
