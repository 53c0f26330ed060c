// A sound track without sound, for as long as the microphone is off: the session keeps its track, viewers keep theirs,
// and the microphone itself is let go.

export class Silence {
  private context: AudioContext | null = null;
  private current: MediaStreamTrack | null = null;

  /** Null where the browser cannot make one. Before the first click on the page it may stay empty. */
  track(): MediaStreamTrack | null {
    if (this.current?.readyState === 'live') return this.current;
    this.close();
    try {
      const context = new AudioContext({ latencyHint: 'playback' });
      this.context = context;
      const source = context.createConstantSource();
      const gain = context.createGain();
      gain.gain.value = 0;
      const end = context.createMediaStreamDestination();
      source.connect(gain).connect(end);
      source.start();
      // Without a click on the page before, this waits for one; so it is not waited for.
      if (context.state !== 'running') void context.resume().catch(() => undefined);
      this.current = end.stream.getAudioTracks()[0] ?? null;
    } catch {
      this.close();
    }
    return this.current;
  }

  close(): void {
    this.current?.stop();
    this.current = null;
    void this.context?.close().catch(() => undefined);
    this.context = null;
  }
}
