// Keys of a site's page: whatever carries `data-key` is clicked by that key, and ? shows the list of them.
addEventListener('keydown', (event) => {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || target.closest('input, select, textarea, dialog[open]')) return;
  if (key == '?') document.getElementById('keys')?.showModal();
  const found = key.length == 1 && document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!found) return;
  event.preventDefault();
  found.click();
  found.parentElement.querySelector('select')?.focus();
});
