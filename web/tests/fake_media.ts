// Cameras and microphones without hardware: tests say which there are, who refuses, and when a track ends or is muted.

import { vi } from 'vitest';

export class FakeTrack extends EventTarget {
  readyState: MediaStreamTrackState = 'live';
  muted = false;
  contentHint = '';
  onended: (() => void) | null = null;
  onmute: (() => void) | null = null;
  onunmute: (() => void) | null = null;
  applied: MediaTrackConstraints[] = [];
  refuses = false;

  constructor(
    readonly kind: 'video' | 'audio',
    readonly settings: Record<string, unknown> = {},
    readonly capabilities: Record<string, unknown> = {},
  ) {
    super();
  }

  getSettings = () => this.settings;
  getCapabilities = () => this.capabilities;
  applyConstraints = (wishes: MediaTrackConstraints): Promise<void> => {
    if (this.refuses) return Promise.reject(new DOMException('no', 'OverconstrainedError'));
    this.applied.push(wishes);
    return Promise.resolve();
  };
  stop = (): void => {
    this.readyState = 'ended';
  };

  end(): void {
    this.readyState = 'ended';
    this.onended?.();
  }
  mute(muted: boolean): void {
    this.muted = muted;
    (muted ? this.onmute : this.onunmute)?.();
  }
}

export interface FakeCamera {
  id: string;
  label: string;
  facing?: 'user' | 'environment';
  capabilities?: Record<string, unknown>;
}

type Asked = { video?: MediaTrackConstraints | boolean; audio?: boolean };

export class FakeDevices extends EventTarget {
  asked: Asked[] = [];
  opened: FakeTrack[] = [];
  /** Name of the DOMException that a request for this kind is answered with. */
  refusal: Partial<Record<'video' | 'audio', string>> = {};

  constructor(public cameras: FakeCamera[]) {
    super();
  }

  get last(): FakeTrack {
    const track = this.opened.filter(({ kind }) => kind === 'video').at(-1);
    if (!track) throw new Error('no camera was opened');
    return track;
  }

  /** How many tracks are held at this moment, by kind. */
  held(kind: 'video' | 'audio'): number {
    return this.opened.filter((track) => track.kind === kind && track.readyState === 'live').length;
  }

  enumerateDevices = (): Promise<MediaDeviceInfo[]> =>
    Promise.resolve(
      this.cameras.map(({ id, label, facing }) => ({
        kind: 'videoinput',
        deviceId: id,
        label,
        getCapabilities: () => (facing ? { facingMode: [facing] } : {}),
      })) as unknown as MediaDeviceInfo[],
    );

  getUserMedia = vi.fn(async (wishes: Asked): Promise<MediaStream> => {
    this.asked.push(wishes);
    await Promise.resolve();
    const tracks: FakeTrack[] = [];
    if (wishes.audio && this.refusal.audio) throw new DOMException('no', this.refusal.audio);
    if (wishes.video) {
      if (this.refusal.video) throw new DOMException('no', this.refusal.video);
      const exact = ((wishes.video as MediaTrackConstraints).deviceId as { exact?: string } | undefined)?.exact;
      const facing = ((wishes.video as MediaTrackConstraints).facingMode as { ideal?: string } | undefined)?.ideal;
      const camera = exact
        ? this.cameras.find(({ id }) => id === exact)
        : (this.cameras.find((candidate) => candidate.facing === facing) ?? this.cameras[0]);
      if (!camera) throw new DOMException('no', exact ? 'OverconstrainedError' : 'NotFoundError');
      tracks.push(
        new FakeTrack(
          'video',
          { deviceId: camera.id, facingMode: camera.facing, width: 1280, height: 720 },
          camera.capabilities,
        ),
      );
    }
    if (wishes.audio) tracks.push(new FakeTrack('audio'));
    this.opened.push(...tracks);
    const of = (kind: string) => tracks.filter((track) => track.kind === kind);
    return {
      getTracks: () => tracks,
      getVideoTracks: () => of('video'),
      getAudioTracks: () => of('audio'),
    } as unknown as MediaStream;
  });

  asDevices(): MediaDevices {
    return this as unknown as MediaDevices;
  }
}

/** AudioContext as far as Silence uses it. */
export function fakeAudio(): { tracks: FakeTrack[] } {
  const made: { tracks: FakeTrack[] } = { tracks: [] };
  const node = { connect: () => node, start: () => undefined, gain: { value: 1 } };
  vi.stubGlobal(
    'AudioContext',
    class {
      state = 'running';
      createConstantSource = () => node;
      createGain = () => node;
      createMediaStreamDestination = () => {
        const track = new FakeTrack('audio');
        made.tracks.push(track);
        return { ...node, stream: { getAudioTracks: () => [track] } };
      };
      close = () => Promise.resolve();
      resume = () => Promise.resolve();
    },
  );
  return made;
}
