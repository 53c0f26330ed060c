// Publishing: a Link whose peer connection sends one video and one audio track. The tracks stay the caller's: they are
// never stopped here, and may be exchanged while the session goes on.

import { at } from '../base';
import { askForCaptureTime } from './capture_time';
import { Link, type LinkOptions } from './link';
import { startAt } from './sdp';

export type PublishCodec = 'H264' | 'VP8';

export type PublishOptions = Pick<LinkOptions, 'token' | 'createPeer' | 'onStatus' | 'onStats' | 'onUnauthorized'> & {
  stream: string;
  /** The tracks of now; asked for each new connection. */
  tracks(): MediaStreamTrack[];
  codec: PublishCodec;
  /** Bits a second that the video may take; asked for each new connection. */
  maxBitrate(): number;
};

const startKilobits = 1500;

type Codec = { mimeType: string };

/** The wanted codec with what repairs and protects it; all of them where the browser lacks it. */
export function onlyCodec<T extends Codec>(codecs: readonly T[], wanted: PublishCodec): T[] {
  const has = (codec: T, ...names: string[]) => names.includes(codec.mimeType.toLowerCase());
  const name = `video/${wanted}`.toLowerCase();
  if (!codecs.some((codec) => has(codec, name))) return [...codecs];
  return codecs.filter((codec) => has(codec, name, 'video/rtx', 'video/red', 'video/ulpfec'));
}

export class Publication {
  readonly link: Link;
  private readonly senders = new Map<string, RTCRtpSender>();

  constructor(private readonly options: PublishOptions) {
    this.link = new Link({
      ...options,
      url: at(`/whip/${encodeURIComponent(options.stream)}`),
      receives: false,
      tuneAnswer: (sdp) => startAt(startKilobits, sdp),
      prepare: (peer) => this.prepare(peer),
    });
  }

  /** Exchanges the track of its kind in the running session; null sends nothing until the next one comes. */
  replace(kind: 'video' | 'audio', track: MediaStreamTrack | null): void {
    // Fails only on a connection that is closed; the next one takes the tracks of its time.
    void this.senders.get(kind)?.replaceTrack(track).catch(() => undefined);
  }

  /** Makes a changed maxBitrate() known to the running session. */
  limit(): void {
    const sender = this.senders.get('video');
    if (!sender) return;
    const parameters = sender.getParameters();
    for (const encoding of parameters.encodings) encoding.maxBitrate = this.options.maxBitrate();
    void sender.setParameters(parameters).catch(() => undefined);
  }

  private prepare(peer: RTCPeerConnection): void {
    this.senders.clear();
    const tracks = this.options.tracks();
    const streams = [new MediaStream(tracks)];
    for (const kind of ['video', 'audio'] as const) {
      const track = tracks.find((candidate) => candidate.kind === kind);
      // Without its track now, the video still gets its place: the camera may come back at any moment.
      if (!track && kind === 'audio') continue;
      const transceiver = peer.addTransceiver(track ?? kind, {
        direction: 'sendonly',
        streams,
        sendEncodings: kind === 'video' ? [{ maxBitrate: this.options.maxBitrate() }] : [{}],
      });
      this.senders.set(kind, transceiver.sender);
      askForCaptureTime(transceiver);
      if (kind === 'audio') continue;
      const codecs = RTCRtpSender.getCapabilities('video')?.codecs;
      if (codecs) transceiver.setCodecPreferences(onlyCodec(codecs, this.options.codec));
    }
  }
}
