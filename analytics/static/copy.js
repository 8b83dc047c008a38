'use strict';
// Beside each piece of markup a button that copies it; and a form that shows itself anew when it changes.
for (const button of document.querySelectorAll('[data-copy]')) {
  button.hidden = !navigator.clipboard;
  button.onclick = async () => {
    await navigator.clipboard.writeText(button.parentElement.querySelector('pre code').textContent);
    button.textContent = button.dataset.copy;
  };
}
const form = document.querySelector('[data-live]');
if (form) form.onchange = () => form.requestSubmit();
