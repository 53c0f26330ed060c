// Turns the browser's WebRTC statistics into the figures of the overlay: rates and loss over the last few seconds.

export interface Figures {
  /** Bits a second of audio and video together. */
  bitrate: number | null;
  framesPerSecond: number | null;
  /** Packets that never came, in percent of those expected. */
  lossPercent: number | null;
  width: number | null;
  height: number | null;
  videoCodec: string;
  audioCodec: string;
  roundTripMs: number | null;
  /** How long received pictures wait for those that are late, over the last few seconds. */
  jitterBufferMs: number | null;
  /** `udp` or `tcp`; empty while unknown. */
  transport: string;
  /** What seals the media, as the browser names it ("AEAD_AES_128_GCM"). */
  cipher: string;
}

interface Entry {
  id: string;
  type: string;
  kind?: string;
  codecId?: string;
  mimeType?: string;
  bytesReceived?: number;
  bytesSent?: number;
  packetsReceived?: number;
  packetsSent?: number;
  packetsLost?: number;
  framesDecoded?: number;
  framesEncoded?: number;
  frameWidth?: number;
  frameHeight?: number;
  currentRoundTripTime?: number;
  nominated?: boolean;
  state?: string;
  jitterBufferDelay?: number;
  jitterBufferEmittedCount?: number;
  srtpCipher?: string;
  localCandidateId?: string;
  protocol?: string;
}

interface Sample {
  at: number;
  bytes: number;
  expected: number;
  lost: number;
  frames: number;
  waited: number;
  emitted: number;
}

const windowSamples = 6;

function codecName(mimeType: string | undefined): string {
  return mimeType?.split('/')[1]?.replace(/^H26/, 'H.26') ?? '';
}

export class FiguresMeter {
  private samples: Sample[] = [];

  /** `now` in milliseconds, from any clock that only goes forward. */
  update(report: RTCStatsReport, now: number): Figures {
    const entries = new Map<string, Entry>();
    report.forEach((entry: Entry) => entries.set(entry.id, entry));

    const sample: Sample = { at: now, bytes: 0, expected: 0, lost: 0, frames: 0, waited: 0, emitted: 0 };
    const figures: Figures = {
      bitrate: null,
      framesPerSecond: null,
      lossPercent: null,
      width: null,
      height: null,
      videoCodec: '',
      audioCodec: '',
      roundTripMs: null,
      jitterBufferMs: null,
      transport: '',
      cipher: '',
    };

    for (const entry of entries.values()) {
      const received = entry.type === 'inbound-rtp';
      if (received || entry.type === 'outbound-rtp') {
        sample.bytes += entry.bytesReceived ?? entry.bytesSent ?? 0;
        sample.expected += received ? (entry.packetsReceived ?? 0) + (entry.packetsLost ?? 0) : (entry.packetsSent ?? 0);
        const codec = codecName(entries.get(entry.codecId ?? '')?.mimeType);
        if (entry.kind === 'audio') {
          figures.audioCodec = codec;
        } else {
          figures.videoCodec = codec;
          figures.width = entry.frameWidth ?? null;
          figures.height = entry.frameHeight ?? null;
          sample.frames += entry.framesDecoded ?? entry.framesEncoded ?? 0;
          sample.waited += entry.jitterBufferDelay ?? 0;
          sample.emitted += entry.jitterBufferEmittedCount ?? 0;
        }
      }
      if (received || entry.type === 'remote-inbound-rtp') sample.lost += entry.packetsLost ?? 0;
      if (entry.type === 'candidate-pair' && entry.nominated) {
        if (entry.currentRoundTripTime !== undefined) figures.roundTripMs = entry.currentRoundTripTime * 1000;
        figures.transport = entries.get(entry.localCandidateId ?? '')?.protocol ?? '';
      }
      if (entry.type === 'transport') figures.cipher = entry.srtpCipher ?? '';
    }

    // Counters that went back belong to another connection.
    const previous = this.samples.at(-1);
    if (previous && (sample.bytes < previous.bytes || sample.frames < previous.frames)) this.samples = [];
    this.samples.push(sample);
    if (this.samples.length > windowSamples) this.samples.shift();

    const first = this.samples[0];
    if (first && now > first.at) {
      const seconds = (now - first.at) / 1000;
      figures.bitrate = ((sample.bytes - first.bytes) * 8) / seconds;
      if (figures.videoCodec) figures.framesPerSecond = (sample.frames - first.frames) / seconds;
      const emitted = sample.emitted - first.emitted;
      if (emitted > 0) figures.jitterBufferMs = ((sample.waited - first.waited) / emitted) * 1000;
      // A packet counted as lost may still arrive, so the count can go down.
      const expected = sample.expected - first.expected;
      if (expected > 0) figures.lossPercent = (Math.max(0, sample.lost - first.lost) / expected) * 100;
    }
    return figures;
  }

  reset(): void {
    this.samples = [];
  }
}

export function bitrateText(bitsPerSecond: number | null): string {
  if (bitsPerSecond === null) return '–';
  return bitsPerSecond >= 1e6
    ? `${(bitsPerSecond / 1e6).toFixed(2)} Mbit/s`
    : `${Math.round(bitsPerSecond / 1e3)} kbit/s`;
}
