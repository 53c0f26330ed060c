// Sets the theme before anything is painted. Kept tiny, apart and without imports, because it runs while index.html is
// read, and the content security policy allows no inline code; shell/theme.ts takes over from here.
(function () {
  let wanted: string | null = null;
  try {
    wanted = localStorage.getItem('reallive.theme');
  } catch {
    // Storage may be forbidden: then the system decides.
  }
  const dark = wanted === 'dark' || (wanted !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
})();
