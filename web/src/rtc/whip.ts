// Publishing: a Link whose peer connection sends the tracks of one MediaStream. The tracks stay the caller's: they
// are never stopped here.

import { at } from '../base';
import { askForCaptureTime } from './capture_time';
import { Link, type LinkOptions } from './link';
import { startAt } from './sdp';

export type PublishCodec = 'H264' | 'VP8';

export type PublishOptions = Pick<LinkOptions, 'token' | 'createPeer' | 'onStatus' | 'onStats' | 'onUnauthorized'> & {
  stream: string;
  media: MediaStream;
  codec: PublishCodec;
  /** Bits a second that the video may take. */
  maxBitrate: number;
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

export function publish(options: PublishOptions): Link {
  return new Link({
    ...options,
    url: at(`/whip/${encodeURIComponent(options.stream)}`),
    receives: false,
    tuneAnswer: (sdp) => startAt(startKilobits, sdp),
    prepare(peer) {
      for (const track of options.media.getTracks()) {
        const video = track.kind === 'video';
        const transceiver = peer.addTransceiver(track, {
          direction: 'sendonly',
          streams: [options.media],
          sendEncodings: video ? [{ maxBitrate: options.maxBitrate }] : [{}],
        });
        askForCaptureTime(transceiver);
        if (!video) continue;
        const codecs = RTCRtpSender.getCapabilities('video')?.codecs;
        if (codecs) transceiver.setCodecPreferences(onlyCodec(codecs, options.codec));
      }
    },
  });
}
