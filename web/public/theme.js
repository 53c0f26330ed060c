// Sets the theme before anything is painted. Kept tiny and apart, because the content security policy allows no
// inline code; shell/theme.ts takes over from here.
(function () {
  var wanted = null;
  try {
    wanted = localStorage.getItem('reallive.theme');
  } catch {
    // Storage may be forbidden: then the system decides.
  }
  var dark = wanted === 'dark' || (wanted !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
