// A browser that can watch, without media: what a viewing receives is said by the test.

import { vi } from 'vitest';
import { FakePeer } from './fake_peer';

export class FakeStream {
  constructor(private readonly tracks: { kind: string }[] = []) {}
  getAudioTracks = () => this.tracks.filter(({ kind }) => kind === 'audio');
}

/** Receives a picture and sound. */
export class Receiving extends FakePeer {
  addTransceiver = vi.fn((kind: string) => ({ kind }));
  getTransceivers = () =>
    ['video', 'audio'].map((kind) => ({ currentDirection: 'recvonly', receiver: { track: { kind } } }));

  /** A live stream: each look finds more than the one before. */
  override getStats(): Promise<RTCStatsReport> {
    this.bytes = { any: this.bytes.any + 100, media: this.bytes.media + 90 };
    return super.getStats();
  }
}

/** Before each test; after it, `vi.unstubAllGlobals()`. */
export function canWatch(): void {
  FakePeer.made = [];
  vi.stubGlobal('RTCPeerConnection', Receiving);
  vi.stubGlobal('MediaStream', FakeStream);
  vi.spyOn(HTMLMediaElement.prototype, 'play').mockResolvedValue();
  vi.spyOn(HTMLMediaElement.prototype, 'pause').mockReturnValue();
}
