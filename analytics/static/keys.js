// What a site's page does beyond links and forms: keys, errors of what was clicked, and where the focus goes.
{
  const OFF = 'pagetally-keys-off';
  const byId = (id) => document.getElementById(id);
  const recall = () => { try { return localStorage.getItem(OFF); } catch { return null; } };

  // Whatever carries `data-key` is clicked by that key, and ? shows the list of them; each person can switch them off.
  addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || recall()) return;
    if (target.closest?.('input, select, textarea, dialog[open]')) return;
    if (key == '?') byId('keys')?.showModal();
    const found = key.length == 1 && document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!found) return;
    event.preventDefault();
    found.click();
    found.parentElement.querySelector('select')?.focus();
  });

  // What a drawing tells of the thing that is pointed at, touched, or reached by the keyboard; without this
  // script browsers show the same titles, though only to a mouse.
  const tip = Object.assign(document.createElement('div'), { id: 'tip', hidden: true, ariaHidden: 'true' });
  const show = (thing) => {
    const title = thing?.querySelector(':scope > title, :scope > a > title');
    if (title) {
      // The browser would show its own beside ours.
      thing.dataset.tip = title.textContent;
      title.parentElement.setAttribute('aria-label', title.textContent);
      title.remove();
    }
    tip.hidden = !thing?.dataset.tip;
    if (tip.hidden) return;
    if (!tip.isConnected) document.body.append(tip);
    tip.textContent = thing.dataset.tip;
    const around = (thing.querySelector('.views') ?? thing).getBoundingClientRect();
    const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
    const [left, top] = [around.x + around.width / 2 - tip.offsetWidth / 2, around.y - tip.offsetHeight - 8];
    tip.style.left = `${Math.max(8, Math.min(left, room))}px`;
    tip.style.top = `${top < 8 ? around.bottom + 8 : top}px`;
  };
  const drawn = (target) => target.closest?.('.column, .note, .map a');
  for (const kind of ['pointerover', 'focusin']) addEventListener(kind, ({ target }) => show(drawn(target)));
  addEventListener('keydown', ({ key }) => key == 'Escape' && show(null));
  addEventListener('scroll', () => show(null), { passive: true });

  // The bars of the chart are one stop of the keyboard, and so are the countries of the map: arrows lead on within
  // them, and the stop stays where one left. Without this script the table and the list beside them have the same links.
  const STEPS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -1e9, End: 1e9 };
  addEventListener('keydown', (event) => {
    const step = STEPS[event.key];
    const stops = step ? [...event.target.closest?.('.bars, .map')?.querySelectorAll('[tabindex]') ?? []] : [];
    if (!stops.length) return;
    event.preventDefault();
    const next = stops[Math.max(0, Math.min(stops.indexOf(event.target) + step, stops.length - 1))];
    for (const stop of stops) stop.setAttribute('tabindex', stop == next ? 0 : -1);
    next.focus();
  });

  // A menu closes by a click elsewhere, and by Escape.
  const closeMenus = (target) => document.querySelectorAll('.menu details[open]').forEach((one) => { one.open = one.contains(target); });
  addEventListener('click', ({ target }) => closeMenus(target));
  addEventListener('keydown', ({ key }) => key == 'Escape' && closeMenus(null));

  const dress = () => {
    const [button, box] = [byId('show-keys'), byId('keys-work')];
    if (!button) return;
    button.hidden = false;
    button.onclick = () => byId('keys').showModal();
    box.checked = !recall();
    box.onchange = () => { try { box.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, '1'); } catch {} };
  };

  // An answer that is no summary: an error is told where it happened; the page to sign in is gone to.
  const tell = (text) => {
    const trouble = byId('trouble');
    trouble.textContent = text;
    if (text) trouble.scrollIntoView({ block: 'nearest' });
  };
  addEventListener('htmx:beforeSwap', ({ detail }) => {
    if (!detail.boosted) return;
    const answer = new DOMParser().parseFromString(detail.xhr.responseText, 'text/html');
    if (answer.getElementById('summary') && detail.xhr.status < 400) return tell('');
    detail.shouldSwap = false;
    const said = [...answer.querySelectorAll('main h1, main p:not(:has(a))')].map((one) => one.textContent.trim());
    if (detail.xhr.status < 400) location.assign(detail.pathInfo.finalRequestPath);
    else tell(said.map((one) => (/[.!?]$/.test(one) ? one : `${one}.`)).join(' ') || byId('trouble').dataset.silence);
  });
  addEventListener('htmx:sendError', ({ detail }) => detail.boosted && tell(byId('trouble').dataset.silence));

  // The link that was followed is not there any more: whoever uses a keyboard goes on at what came of it.
  let left = null;
  addEventListener('htmx:beforeRequest', ({ detail }) => {
    const from = detail.boosted && detail.elt.contains(document.activeElement) && detail.elt;
    left = from && {
      card: from.closest('.card')?.id,
      isTab: from.closest('.tabs'),
      place: ['.periods', '.figures'].find((one) => from.closest(one)),
      isKeyboard: document.activeElement.matches(':focus-visible'),
    };
  });
  addEventListener('htmx:afterSettle', () => {
    dress();
    if (left && document.activeElement == document.body) {
      const place = left.isTab ? `#${CSS.escape(left.card)} .tabs [aria-current]` : left.place ? `${left.place} [aria-current]` : '';
      const next = (place && document.querySelector(place)) || [...document.querySelectorAll('.filters > .chips .chip')].at(-1) || byId('figures');
      next?.focus({ preventScroll: !left.isKeyboard });
    }
    left = null;
  });
  dress();
}
