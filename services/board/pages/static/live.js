// Asks again, ever less often, for a page that waits (`data-waiting`), and puts what is new into its regions
// (`data-live`). Without it the page says how to load it again.

const MOST = 13; // times: two minutes

// Make `old` what `fresh` is. What is the same stays: focus and scroll too, and what was unfolded.
export function morph(old, fresh) {
  if ("open" in old) fresh.open = old.open;
  if (old.isEqualNode(fresh)) return;
  if (!old.attributes || old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
  for (const { name } of [...old.attributes]) fresh.hasAttribute(name) || old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) old.setAttribute(name, value);
  const children = [...fresh.childNodes];
  let place = old.firstChild;
  for (const child of children) {
    const named = child.id && [...old.children].find(({ id }) => id === child.id);
    while (named && place !== named) { // nothing is moved: it would lose the focus
      place = place.nextSibling;
      place.previousSibling.remove();
    }
    if (!named && (!place || place.id)) old.insertBefore(child, place);
    else {
      const same = place;
      place = place.nextSibling;
      morph(same, child);
    }
  }
  while (old.childNodes.length > children.length) old.lastChild.remove();
}

async function ask() {
  const answer = await fetch(location.href);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const region of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(region.id), focused = region.matches(":focus-within");
    if (fresh) morph(region, fresh); // a refusal has none
    if (focused && !region.matches(":focus-within")) region.focus();
  }
}

let asked = 0, timer;
function later() {
  clearTimeout(timer);
  if (document.querySelector("[data-waiting]") && asked < MOST && !document.hidden)
    timer = setTimeout(() => ask().catch(() => {}).finally(later), 1000 * Math.min(10, 2 ** asked++));
}
addEventListener("online", () => { asked = 0; later(); });
document.addEventListener("visibilitychange", later);
later();
