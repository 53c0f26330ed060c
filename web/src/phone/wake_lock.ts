// Keeps the screen on while it is held. Browsers take the lock away when the page is hidden; it is asked for again when
// the page comes back. Where there is no such lock nothing happens.

export class WakeLock {
  private sentinel: WakeLockSentinel | null = null;
  private wanted = false;

  hold(): void {
    if (this.wanted) return;
    this.wanted = true;
    document.addEventListener('visibilitychange', this.ask);
    this.ask();
  }

  release(): void {
    this.wanted = false;
    document.removeEventListener('visibilitychange', this.ask);
    void this.sentinel?.release().catch(() => undefined);
    this.sentinel = null;
  }

  private readonly ask = (): void => {
    if (!this.wanted || document.visibilityState !== 'visible') return;
    if (this.sentinel && !this.sentinel.released) return;
    const lock = (navigator as Partial<Navigator>).wakeLock;
    // Refused on a low battery, for one; the page works on without.
    void lock?.request('screen').then(
      (sentinel) => {
        if (this.wanted) this.sentinel = sentinel;
        else void sentinel.release().catch(() => undefined);
      },
      () => undefined,
    );
  };
}
