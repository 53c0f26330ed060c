// Paths at which well-known makes of cameras give their main picture by RTSP. A start, not a promise: models differ.

export interface Make {
  name: string;
  path: string;
}

export const makes: readonly Make[] = [
  { name: 'Amcrest, Dahua', path: '/cam/realmonitor?channel=1&subtype=0' },
  { name: 'Axis', path: '/axis-media/media.amp' },
  { name: 'Foscam', path: '/videoMain' },
  { name: 'Hikvision', path: '/Streaming/Channels/101' },
  { name: 'Reolink', path: '/h264Preview_01_main' },
  { name: 'TP-Link Tapo, VIGI', path: '/stream1' },
];

/** `address` with the make's path in place of the one it had. */
export function withPath(address: string, make: Make): string {
  const match = /^((?:rtsps?:\/\/)?[^/?#]*)/i.exec(address.trim());
  return `${match?.[1] ?? ''}${make.path}`;
}
