// Whether the server still shows this viewer old pictures, quickly one after another: it begins with the last key frame,
// and not every source gives a newer one. It asks only when that can be so (the connection has just begun to deliver,
// or the picture was lost), and again only while the answer is yes.

const firstMs = 300; // shorter than this nobody notices
const everyMs = 500;

export class CatchingUp {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private round = 0;
  private asking = false;
  private losses: number | null = null;
  private on = false;

  /** `ask` may fail: then it counts as no. `tell` hears changes only. */
  constructor(
    private readonly ask: () => Promise<boolean>,
    private readonly tell: (on: boolean) => void,
  ) {}

  /** A new connection delivers. */
  begin(): void {
    this.stop();
    this.askIn(firstMs);
  }

  /** Its statistics, now and then: a picture that was lost may have to be begun anew. */
  update(report: RTCStatsReport): void {
    let losses = 0;
    report.forEach((entry: { type: string; pliCount?: number; firCount?: number }) => {
      if (entry.type === 'inbound-rtp') losses += (entry.pliCount ?? 0) + (entry.firCount ?? 0);
    });
    const more = this.losses !== null && losses > this.losses;
    this.losses = losses;
    if (more && !this.asking) this.askIn(0);
  }

  stop(): void {
    this.round += 1;
    this.asking = false;
    this.losses = null;
    clearTimeout(this.timer);
    this.set(false);
  }

  private askIn(ms: number): void {
    this.asking = true;
    this.timer = setTimeout(() => void this.askNow(this.round), ms);
  }

  private async askNow(mine: number): Promise<void> {
    const on = await this.ask().catch(() => false);
    if (mine !== this.round) return;
    this.asking = false;
    this.set(on);
    if (on) this.askIn(everyMs);
  }

  private set(on: boolean): void {
    if (on === this.on) return;
    this.on = on;
    this.tell(on);
  }
}
