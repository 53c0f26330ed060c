// Debian's Firefox ESR with a fresh profile, driven by WebDriver BiDi. Such a profile has no H.264.

import puppeteer from 'puppeteer-core';

export function launchFirefox() {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: '/usr/bin/firefox-esr',
    headless: true,
    extraPrefsFirefox: {
      // No downloads behind the test's back.
      'media.gmp-manager.updateEnabled': false,
      'app.update.enabled': false,
    },
  });
}
