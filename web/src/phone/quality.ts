// The picture sizes that a phone may send, and how many bits a second each is worth.

export const resolutions = ['480p', '720p', '1080p', '2160p'] as const;
export type Resolution = (typeof resolutions)[number];

interface Quality {
  width: number;
  height: number;
  maxBitrate: number;
}

const qualities: Record<Resolution, Quality> = {
  '480p': { width: 854, height: 480, maxBitrate: 1_200_000 },
  '720p': { width: 1280, height: 720, maxBitrate: 2_500_000 },
  '1080p': { width: 1920, height: 1080, maxBitrate: 5_000_000 },
  '2160p': { width: 3840, height: 2160, maxBitrate: 14_000_000 },
};

export const standard: Resolution = '720p';

export function isResolution(name: unknown): name is Resolution {
  return resolutions.includes(name as Resolution);
}

export function maxBitrate(resolution: Resolution): number {
  return qualities[resolution].maxBitrate;
}

/** Wishes only: a camera that cannot do it gives what it has. */
export function sizeWishes(resolution: Resolution): MediaTrackConstraints {
  const { width, height } = qualities[resolution];
  return { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: 30 } };
}

/** What a camera can do; all of it where the browser does not tell. */
export function offered(track: MediaStreamTrack | null): Resolution[] {
  const capabilities = track?.getCapabilities?.();
  // A phone held upright may tell the sides the other way round.
  const longest = Math.max(capabilities?.width?.max ?? 0, capabilities?.height?.max ?? 0);
  if (longest === 0) return [...resolutions];
  return resolutions.filter((name) => qualities[name].width <= longest || name === '480p');
}
