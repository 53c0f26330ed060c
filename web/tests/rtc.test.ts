import { describe, expect, it } from 'vitest';
import { waitMs } from '../src/rtc/backoff';
import { askForCaptureTime } from '../src/rtc/capture_time';
import { bitrateText, FiguresMeter } from '../src/rtc/figures';
import { LatencyMeter } from '../src/rtc/latency';
import { askForSenderClock, askForStereo, startAt } from '../src/rtc/sdp';
import { onlyCodec } from '../src/rtc/whip';

function report(...entries: { id: string; [field: string]: unknown }[]): RTCStatsReport {
  return new Map(entries.map((entry) => [entry.id, entry])) as unknown as RTCStatsReport;
}

describe('waitMs', () => {
  it('doubles up to 5 s and spreads by half', () => {
    expect([1, 2, 3, 4, 5, 50].map((failures) => waitMs(failures, null, 0))).toEqual([250, 500, 1000, 2000, 2500, 2500]);
    expect(waitMs(50, null, 0.999)).toBeCloseTo(5000, -1);
  });
  it('obeys the server within reason', () => {
    expect(waitMs(1, 7000, 0)).toBe(7000);
    expect(waitMs(1, 0, 0)).toBe(500);
    expect(waitMs(1, 86_400_000, 0)).toBe(30_000);
  });
});

describe('askForStereo', () => {
  const offer = 'm=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:0 PCMU/8000\r\n';
  it('adds stereo to Opus and nothing else', () => {
    expect(askForStereo(offer)).toBe(offer.replace('useinbandfec=1', 'useinbandfec=1;stereo=1'));
  });
  it('leaves an offer that has it, and one without Opus', () => {
    const done = askForStereo(offer);
    expect(askForStereo(done)).toBe(done);
    expect(askForStereo('v=0\r\n')).toBe('v=0\r\n');
  });
});

describe('askForSenderClock', () => {
  const codecs = 'a=rtpmap:102 H264/90000\r\na=rtcp-fb:102 nack\r\na=rtpmap:103 rtx/90000\r\na=fmtp:103 apt=102\r\n';
  it('asks where capture times come, for each codec but the repeats', () => {
    const extension = 'a=extmap:13 http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time\r\n';
    const asked = 'a=rtpmap:102 H264/90000\r\na=rtcp-fb:102 rrtr\r\na=rtcp-fb:102 nack\r\na=rtpmap:103 rtx/90000\r\na=fmtp:103 apt=102\r\n';
    expect(askForSenderClock(extension + codecs)).toBe(extension + asked);
  });
  it('leaves an answer without capture times', () => {
    expect(askForSenderClock(codecs)).toBe(codecs);
  });
});

describe('startAt', () => {
  it('adds the rate to H.264 and VP8, and to nothing else', () => {
    const answer = [
      'a=rtpmap:111 opus/48000/2',
      'a=fmtp:111 minptime=10',
      'a=rtpmap:108 H264/90000',
      'a=fmtp:108 packetization-mode=1;profile-level-id=42e01f',
      'a=rtpmap:109 rtx/90000',
      'a=fmtp:109 apt=108',
      'a=rtpmap:96 VP8/90000',
      '',
    ].join('\r\n');
    expect(startAt(900, answer)).toBe(
      answer
        .replace('42e01f', '42e01f;x-google-start-bitrate=900')
        .replace('VP8/90000\r\n', 'VP8/90000\r\na=fmtp:96 x-google-start-bitrate=900\r\n'),
    );
  });
});

describe('askForCaptureTime', () => {
  it('turns the extension on where the browser allows it', () => {
    const uri = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time';
    let set: unknown;
    askForCaptureTime({
      getHeaderExtensionsToNegotiate: () => [
        { uri, direction: 'stopped' },
        { uri: 'urn:other', direction: 'stopped' },
      ],
      setHeaderExtensionsToNegotiate: (extensions: unknown) => (set = extensions),
    } as unknown as RTCRtpTransceiver);
    expect(set).toEqual([
      { uri, direction: 'sendrecv' },
      { uri: 'urn:other', direction: 'stopped' },
    ]);
  });
  it('does nothing where it does not', () => {
    expect(() => askForCaptureTime({} as RTCRtpTransceiver)).not.toThrow();
  });
});

describe('FiguresMeter', () => {
  const at = (bytes: number, frames: number, packets: number, lost: number) =>
    report(
      { id: 'v', type: 'inbound-rtp', kind: 'video', codecId: 'c', bytesReceived: bytes, framesDecoded: frames,
        packetsReceived: packets, packetsLost: lost, frameWidth: 1280, frameHeight: 720 },
      { id: 'c', type: 'codec', mimeType: 'video/H264' },
      { id: 'a', type: 'inbound-rtp', kind: 'audio', codecId: 'd', bytesReceived: 0 },
      { id: 'd', type: 'codec', mimeType: 'audio/opus' },
      { id: 'p', type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.012 },
    );

  it('tells transport, cipher and how long pictures wait', () => {
    const at = (delay: number, emitted: number) => {
      const entries = [
        { id: 'v', type: 'inbound-rtp', kind: 'video', bytesReceived: 1, jitterBufferDelay: delay, jitterBufferEmittedCount: emitted },
        { id: 'p', type: 'candidate-pair', nominated: true, localCandidateId: 'l' },
        { id: 'l', type: 'local-candidate', protocol: 'udp' },
        { id: 't', type: 'transport', srtpCipher: 'AEAD_AES_128_GCM' },
      ];
      return new Map(entries.map((entry) => [entry.id, entry])) as unknown as RTCStatsReport;
    };
    const meter = new FiguresMeter();
    expect(meter.update(at(1, 100), 0)).toMatchObject({ transport: 'udp', cipher: 'AEAD_AES_128_GCM', jitterBufferMs: null });
    expect(meter.update(at(1.6, 130), 1000).jitterBufferMs).toBeCloseTo(20);
  });

  it('gives rates over the time that passed', () => {
    const meter = new FiguresMeter();
    expect(meter.update(at(0, 0, 0, 0), 1000)).toMatchObject({ bitrate: null, framesPerSecond: null });
    const figures = meter.update(at(250_000, 60, 190, 10), 3000);
    expect(figures).toMatchObject({ bitrate: 1_000_000, framesPerSecond: 30, lossPercent: 5, width: 1280, height: 720 });
    expect(figures).toMatchObject({ videoCodec: 'H.264', audioCodec: 'opus', roundTripMs: 12 });
  });
  it('looks at the last seconds only', () => {
    const meter = new FiguresMeter();
    let figures = meter.update(at(0, 0, 0, 0), 0);
    for (let second = 1; second <= 10; second++) figures = meter.update(at(second * 125_000, second * 30, 0, 0), second * 1000);
    expect(figures.bitrate).toBe(1_000_000);
    for (let second = 11; second <= 16; second++) figures = meter.update(at(1_250_000, 300, 0, 0), second * 1000);
    expect(figures).toMatchObject({ bitrate: 0, framesPerSecond: 0 });
  });
  it('begins anew with a new connection', () => {
    const meter = new FiguresMeter();
    meter.update(at(1_000_000, 300, 900, 0), 0);
    expect(meter.update(at(100, 1, 1, 0), 1000).bitrate).toBeNull();
    expect(meter.update(at(1100, 31, 2, 0), 2000)).toMatchObject({ bitrate: 8000, framesPerSecond: 30 });
  });
  it('takes loss of what is sent from the receiver', () => {
    const meter = new FiguresMeter();
    const sent = (packets: number, lost: number) =>
      report(
        { id: 'o', type: 'outbound-rtp', kind: 'video', bytesSent: packets * 1000, packetsSent: packets, framesEncoded: 1 },
        { id: 'r', type: 'remote-inbound-rtp', kind: 'video', packetsLost: lost },
      );
    meter.update(sent(100, 0), 0);
    expect(meter.update(sent(200, 4), 1000)).toMatchObject({ lossPercent: 4, bitrate: 800_000 });
  });
  it('writes bitrates as people read them', () => {
    expect([null, 850_400, 2_496_000].map(bitrateText)).toEqual(['–', '850 kbit/s', '2.50 Mbit/s']);
  });
});

describe('LatencyMeter', () => {
  it('smooths, and leaves out what cannot be', () => {
    const meter = new LatencyMeter();
    expect(meter.ms).toBeNull();
    meter.add(undefined, 1000);
    meter.add(2000, 1000);
    meter.add(0, 1e9);
    expect(meter.ms).toBeNull();
    meter.add(1000, 1050);
    meter.add(1000, 1060);
    expect(meter.ms).toBeCloseTo(51);
    meter.reset();
    expect(meter.ms).toBeNull();
  });
});

describe('onlyCodec', () => {
  const codecs = ['video/VP8', 'video/rtx', 'video/H264', 'video/H264', 'video/AV1'].map((mimeType) => ({ mimeType }));
  const chosen = (wanted: 'H264' | 'VP8', from = codecs) => onlyCodec(from, wanted).map(({ mimeType }) => mimeType);
  it('offers the wanted codec and its repeats only', () => {
    expect(chosen('H264')).toEqual(['video/rtx', 'video/H264', 'video/H264']);
    expect(chosen('VP8')).toEqual(['video/VP8', 'video/rtx']);
  });
  it('offers all where the wanted one is missing', () => {
    expect(chosen('H264', codecs.slice(0, 2))).toEqual(['video/VP8', 'video/rtx']);
  });
});
