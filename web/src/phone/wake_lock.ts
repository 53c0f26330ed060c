// Keeps the screen on while it is held. Browsers take the lock away when the page is hidden; it is asked for again when
// the page comes back. Where there is no such lock nothing happens.

export class WakeLock {
  private sentinel: WakeLockSentinel | null = null;
  private wanted = false;
  private asking = false;

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

  private readonly ask = (): void => void this.request();

  private async request(): Promise<void> {
    if (!this.wanted || this.asking || document.visibilityState !== 'visible') return;
    if (this.sentinel && !this.sentinel.released) return;
    const lock = (navigator as Partial<Navigator>).wakeLock;
    if (!lock) return;
    this.asking = true;
    try {
      this.sentinel = await lock.request('screen');
    } catch {
      // Refused on a low battery, for one; the page works on without.
    }
    this.asking = false;
    // Nobody may want it any more by the time it is given.
    if (!this.wanted) this.release();
  }
}
