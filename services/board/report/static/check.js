// Checks a figure while it is typed, by the rules in its form (rules.py).

// Read a count: its number, or the words that refuse it; null where nothing was typed.
export function read(text, rules) {
  const { longest, spaces, own, plain, grouped, twoMeanings } = rules.numbers, no = { words: rules.words.number };
  const whole = (pattern) => new RegExp(`^(?:${pattern})$`).exec(typed), digits = (some) => some.replace(/\D/g, "");
  let typed = text.trim().replace(new RegExp(spaces, "g"), " ");
  if (!typed) return null;
  if (typed.length > longest) return no;
  if (whole(own)) typed = digits(typed);
  const found = whole(plain) || whole(grouped);
  if (!found) return no;
  if (whole(twoMeanings) || (found.groups.zeros === "000" && /[1-9]/.test(found[1])))
    return { words: rules.words.twoMeanings.replace("{digits}", digits(typed)) };
  const number = +digits(found[1]);
  return number > rules.most ? no : { number };
}

// Judge what was typed by field: `wrong` by field, `unusual` by the doubt's name.
export function judge(typed, rules, language) {
  const counts = {}, wrong = {}, unusual = {};
  for (const [field, text] of Object.entries(typed)) {
    const found = read(text, rules);
    if (found?.words) wrong[field] = found.words;
    else if (found) counts[field] = found.number;
  }
  for (const { fields, whole, words } of rules.limits) {
    const given = fields.filter((field) => field in counts);
    const sum = given.reduce((total, field) => total + counts[field], 0);
    if (given.length && whole in counts && sum > counts[whole] && !wrong[given[0]])
      wrong[given[0]] = words.replace("{total}", counts[whole]);
  }
  const { numerator, denominator } = counts, whole = "numerator" in counts && "denominator" in counts;
  const short = (number) => new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(number);
  const base = denominator || NaN, value = Math.round((1e4 * rules.per * numerator) / base) / 1e4;
  const seen = { numerator, denominator: base, value, ratio: numerator ? value : NaN };
  for (const doubt of whole ? rules.doubts : []) {
    const { of, before, scale, change, least, most, few } = doubt, now = seen[of];
    const moved = Math.abs(now - before) / scale;
    const words = doubt.words.replace("{change}", short(100 * moved)).replace("{value}", short(value));
    if (now < least || now > most || (moved > change && !(moved * base < few))) unusual[doubt.name] ??= { ...doubt, words };
  }
  return { counts, wrong, unusual };
}

function watch(form) {
  const rules = JSON.parse(form.dataset.rules), left = new Set(), { lang } = document.documentElement;
  const apart = new Intl.NumberFormat(lang, { signDisplay: "exceptZero" });
  const inputs = [...form.querySelectorAll("input[data-count]")];
  const look = () => {
    const typed = Object.fromEntries(inputs.map((input) => [input.name, input.value]));
    const { counts, wrong, unusual } = judge(typed, rules, lang);
    for (const input of inputs) {
      const { name } = input, field = input.closest(".field"), says = field.querySelector("[data-says]");
      const before = field.querySelector("[data-apart]"), bad = name in wrong;
      const text = wrong[name] || Object.values(unusual).find((doubt) => doubt.field === name)?.words || "";
      if (before) before.textContent = name in counts ? apart.format(counts[name] - before.dataset.before) : "";
      if (text && !left.has(name)) continue;
      says.textContent = text;
      says.className = bad ? "error" : "doubt";
      field.classList.toggle("field-error", bad);
      input.setAttribute("aria-invalid", bad);
    }
  };
  form.addEventListener("input", look);
  form.addEventListener("focusout", ({ target }) => left.add(target.name));
  // Not sooner: a button that moves while pressed isn't clicked.
  for (const done of ["click", "keyup"]) document.addEventListener(done, look);
}

if (typeof document !== "undefined") document.querySelectorAll("form[data-rules]").forEach(watch);
