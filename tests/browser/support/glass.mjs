// A clock that a picture carries, drawn, sent, and read again from what a page shows. The functions given to `evaluate`
// run inside the page and may use nothing around them.

/**
 * Puts into the page what the measurements share, as `window.glass`.
 *
 * The clock is a row of 40 squares along the top of the picture, black for 0 and white for 1: 32 bits of UNIX time in
 * tenths of a millisecond, then the sum of its four bytes, highest bit first.
 */
export function installGlass() {
  const bits = 40;
  const tenths = () => Math.floor((performance.timeOrigin + performance.now()) * 10) % 2 ** 32;
  const sum = (value) => [24, 16, 8, 0].reduce((all, shift) => all + ((value >>> shift) & 0xff), 0) & 0xff;

  /** A track of 720p30 whose pictures carry the time at which they were drawn. */
  function camera() {
    const canvas = new OffscreenCanvas(1280, 720);
    const context = canvas.getContext('2d');
    const generator = new MediaStreamTrackGenerator({ kind: 'video' });
    const writer = generator.writable.getWriter();
    const side = canvas.width / bits;
    let number = 0;
    const timer = setInterval(() => {
      context.fillStyle = '#456';
      context.fillRect(0, side, canvas.width, canvas.height - side);
      context.fillStyle = '#fc0';
      context.fillRect((number++ * 8) % canvas.width, 300, 120, 120);
      const value = tenths();
      const all = [...value.toString(2).padStart(32, '0'), ...sum(value).toString(2).padStart(8, '0')];
      all.forEach((bit, at) => {
        context.fillStyle = bit === '1' ? '#fff' : '#000';
        context.fillRect(at * side, 0, side, side);
      });
      writer.write(new VideoFrame(canvas, { timestamp: performance.now() * 1000 })).catch(() => clearInterval(timer));
    }, 1000 / 30);
    return { track: generator, stop: () => (clearInterval(timer), generator.stop()) };
  }

  /** Milliseconds between drawing and showing, for each picture that `video` shows in this time. */
  function read(video, forMs) {
    const canvas = document.createElement('canvas');
    canvas.width = bits;
    canvas.height = 1;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    const delays = [];
    let unreadable = 0;
    const end = performance.now() + forMs;
    return new Promise((resolve) => {
      const look = () => {
        const now = tenths(); // before the reading, which takes its time
        const side = video.videoWidth / bits;
        context.drawImage(video, 0, side / 4, video.videoWidth, side / 2, 0, 0, bits, 1);
        const { data } = context.getImageData(0, 0, bits, 1);
        let value = 0;
        let check = 0;
        for (let at = 0; at < bits; ++at) {
          const bit = data[4 * at + 1] > 127 ? 1 : 0;
          if (at < 32) value = value * 2 + bit;
          else check = check * 2 + bit;
        }
        if (check === sum(value)) delays.push(((now - value) | 0) / 10);
        else ++unreadable;
        if (performance.now() < end) video.requestVideoFrameCallback(look);
        else resolve({ delays, unreadable });
      };
      video.requestVideoFrameCallback(look);
      setTimeout(() => resolve({ delays, unreadable }), forMs + 3000);
    });
  }

  function show(peer) {
    const video = document.createElement('video');
    video.muted = true;
    video.autoplay = true;
    document.body.replaceChildren(video);
    peer.ontrack = (event) => (video.srcObject = new MediaStream([event.track]));
    return video;
  }

  const onlyH264 = (transceiver) =>
    transceiver.setCodecPreferences(
      RTCRtpReceiver.getCapabilities('video').codecs.filter(({ mimeType }) => /H264|rtx/i.test(mimeType)),
    );

  async function send(track) {
    const peer = new RTCPeerConnection();
    const transceiver = peer.addTransceiver(track, {
      direction: 'sendonly',
      sendEncodings: [{ maxBitrate: 2_500_000, maxFramerate: 30 }],
    });
    onlyH264(transceiver);
    return peer;
  }

  function receive() {
    const peer = new RTCPeerConnection();
    onlyH264(peer.addTransceiver('video', { direction: 'recvonly' }));
    return peer;
  }

  /** WHIP or WHEP: the server's candidates are in its answer, and it finds ours by our checks. */
  async function join(peer, url, token) {
    await peer.setLocalDescription();
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp', Authorization: `Bearer ${token}` },
      body: peer.localDescription.sdp,
    });
    if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
    await peer.setRemoteDescription({ type: 'answer', sdp: await response.text() });
  }

  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  async function jitterBufferMs(peer) {
    for (const report of (await peer.getStats()).values()) {
      if (report.type !== 'inbound-rtp' || !report.jitterBufferEmittedCount) continue;
      return {
        jitterBuffer: (1000 * report.jitterBufferDelay) / report.jitterBufferEmittedCount,
        decode: (1000 * report.totalDecodeTime) / report.framesDecoded,
        processing: (1000 * report.totalProcessingDelay) / report.framesDecoded,
      };
    }
    return {};
  }

  async function measured(peer, video, warmUpMs, forMs) {
    await pause(warmUpMs);
    const result = await read(video, forMs);
    return { ...result, ...(await jitterBufferMs(peer)) };
  }

  window.glass = {
    /** From this page to this page, without a server: the browser's own part. */
    async floor({ warmUpMs, forMs }) {
      const { track, stop } = camera();
      const [from, to] = [await send(track), new RTCPeerConnection()];
      from.onicecandidate = ({ candidate }) => to.addIceCandidate(candidate);
      to.onicecandidate = ({ candidate }) => from.addIceCandidate(candidate);
      const video = show(to);
      await from.setLocalDescription();
      await to.setRemoteDescription(from.localDescription);
      await to.setLocalDescription();
      await from.setRemoteDescription(to.localDescription);
      const result = await measured(to, video, warmUpMs, forMs);
      from.close();
      to.close();
      stop();
      return result;
    },

    /** The same pictures through the server. */
    async whip({ stream, token, warmUpMs, forMs }) {
      const { track, stop } = camera();
      const from = await send(track);
      await join(from, `/whip/${stream}`, token);
      while (from.connectionState !== 'connected') await pause(20);
      const to = receive();
      const video = show(to);
      await join(to, `/whep/${stream}`, token);
      const result = await measured(to, video, warmUpMs, forMs);
      to.close();
      from.close();
      stop();
      return result;
    },

    async watch({ stream, token, warmUpMs, forMs }) {
      const to = receive();
      const video = show(to);
      await join(to, `/whep/${stream}`, token);
      const result = await measured(to, video, warmUpMs, forMs);
      to.close();
      return result;
    },
  };
}

/** Before a page's own scripts: notes when its first picture is shown, in milliseconds since its navigation began. */
export function noteFirstPicture() {
  const known = new WeakSet();
  new MutationObserver(() => {
    for (const video of document.querySelectorAll('video')) {
      if (known.has(video)) continue;
      known.add(video);
      video.requestVideoFrameCallback(() => (window.firstPictureMs ??= performance.now()));
    }
  }).observe(document, { childList: true, subtree: true });
}
