// Small changes to offers and answers that browsers have no method for.

/** Asks for stereo: without `stereo=1` (RFC 7587, section 6.1) Chromium decodes Opus to one channel. */
export function askForStereo(sdp: string): string {
  const payload = /^a=rtpmap:(\d+) opus\/48000\/2\r?$/im.exec(sdp)?.[1];
  if (!payload) return sdp;
  return sdp.replace(new RegExp(`^(a=fmtp:${payload} (?:(?!stereo=)[^\\r\\n])*)(\\r?)$`, 'm'), '$1;stereo=1$2');
}

/**
 * Makes Chromium ask for the sender's clock (RFC 3611, receiver reference time) in an answer that carries capture times:
 * it tells a frame's capture time on its own clock only when it knows the round trip, and one who only receives knows
 * that by no other way.
 */
export function askForSenderClock(sdp: string): string {
  if (!/^a=extmap:\d+\S* \S*abs-capture-time/m.test(sdp)) return sdp;
  return sdp.replace(/^a=rtpmap:(\d+) (?!rtx\/).*?(\r?\n)/gm, (line, payload: string, end: string) => `${line}a=rtcp-fb:${payload} rrtr${end}`);
}

/**
 * Lets Chromium begin with a decent picture. It would start at 300 kbit/s and, though its estimate rises within a second,
 * scale the picture up step by step over a quarter of a minute. Others ignore the parameter.
 */
export function startAt(kilobits: number, sdp: string): string {
  const parameter = `x-google-start-bitrate=${kilobits}`;
  let changed = sdp;
  for (const [line, payload] of sdp.matchAll(/^a=rtpmap:(\d+) (?:H264|VP8)\/90000/gm)) {
    const format = new RegExp(`^a=fmtp:${payload} [^\\r\\n]*`, 'm').exec(changed)?.[0];
    changed = format
      ? changed.replace(format, `${format};${parameter}`)
      : changed.replace(line, `${line}\r\na=fmtp:${payload} ${parameter}`);
  }
  return changed;
}
