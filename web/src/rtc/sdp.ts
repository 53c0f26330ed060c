// Small changes to an offer that browsers have no method for.

/** Asks for stereo: without `stereo=1` (RFC 7587, section 6.1) Chromium decodes Opus to one channel. */
export function askForStereo(sdp: string): string {
  const payload = /^a=rtpmap:(\d+) opus\/48000\/2\r?$/im.exec(sdp)?.[1];
  if (!payload) return sdp;
  return sdp.replace(new RegExp(`^(a=fmtp:${payload} (?:(?!stereo=)[^\\r\\n])*)(\\r?)$`, 'm'), '$1;stereo=1$2');
}
