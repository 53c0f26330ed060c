// Publishing: a Link whose peer connection sends the tracks of one MediaStream. The tracks stay the caller's: they
// are never stopped here.

import { askForCaptureTime } from './capture_time';
import { Link, type LinkOptions } from './link';

export type PublishCodec = 'H264' | 'VP8';

export type PublishOptions = Pick<LinkOptions, 'token' | 'createPeer' | 'onStatus' | 'onStats' | 'onUnauthorized'> & {
  stream: string;
  media: MediaStream;
  codec: PublishCodec;
  /** Bits a second that the video may take. */
  maxBitrate: number;
};

type Codec = { mimeType: string };

/** The wanted codec first; the others stay as they were, so that a browser without it still finds one. */
export function preferCodec<T extends Codec>(codecs: readonly T[], wanted: PublishCodec): T[] {
  const mimeType = `video/${wanted}`.toLowerCase();
  const isWanted = (codec: T) => codec.mimeType.toLowerCase() === mimeType;
  return [...codecs.filter(isWanted), ...codecs.filter((codec) => !isWanted(codec))];
}

export function publish(options: PublishOptions): Link {
  return new Link({
    ...options,
    url: `/whip/${encodeURIComponent(options.stream)}`,
    receives: false,
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
        if (codecs) transceiver.setCodecPreferences(preferCodec(codecs, options.codec));
      }
    },
  });
}
