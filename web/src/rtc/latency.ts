// From a frame's capture to its appearance on this screen, where the browser knows the capture time: it takes it from
// the sender reports' clock, so what lies before the server's own time stamps (a publisher's way to it) is not in it.

const smoothing = 0.1;
const believableMs = 60_000;

/** Smooths single measurements; those that clocks out of step made impossible are left out. */
export class LatencyMeter {
  private value: number | null = null;

  /** Both times on the page's own clock, in milliseconds. */
  add(captured: number | undefined, displayed: number): void {
    if (captured === undefined) return;
    const latency = displayed - captured;
    if (latency < 0 || latency > believableMs) return;
    this.value = this.value === null ? latency : this.value + (latency - this.value) * smoothing;
  }

  get ms(): number | null {
    return this.value;
  }

  reset(): void {
    this.value = null;
  }
}

/** Feeds the meter with each frame that `video` shows, until the returned function is called. */
export function followFrames(video: HTMLVideoElement, meter: LatencyMeter): () => void {
  if (!('requestVideoFrameCallback' in video)) return () => undefined;
  let handle = 0;
  const onFrame = (_now: number, frame: VideoFrameCallbackMetadata): void => {
    meter.add(frame.captureTime, frame.expectedDisplayTime);
    handle = video.requestVideoFrameCallback(onFrame);
  };
  handle = video.requestVideoFrameCallback(onFrame);
  return () => video.cancelVideoFrameCallback(handle);
}
