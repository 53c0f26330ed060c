// Which kind of device this is, as far as the browser tells.

export type Device = 'iphone' | 'android' | 'windows' | 'macos' | 'linux';

export function deviceOf(userAgent: string, touchPoints: number): Device {
  if (/iPhone|iPad|iPod/.test(userAgent)) return 'iphone';
  if (/Android/.test(userAgent)) return 'android';
  // An iPad calls itself a Macintosh, but no Macintosh has a touch screen.
  if (/Macintosh/.test(userAgent)) return touchPoints > 1 ? 'iphone' : 'macos';
  return /Windows/.test(userAgent) ? 'windows' : 'linux';
}
