// The picture that a video shows now, as a PNG in its full size, saved under the camera's name and the time.

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** `front-door-20261121-143004.png`, in local time. */
export function snapshotName(stream: string, at: Date): string {
  const day = `${at.getFullYear()}${twoDigits(at.getMonth() + 1)}${twoDigits(at.getDate())}`;
  const time = `${twoDigits(at.getHours())}${twoDigits(at.getMinutes())}${twoDigits(at.getSeconds())}`;
  return `${stream}-${day}-${time}.png`;
}

/** False when there is no picture. */
export async function saveSnapshot(video: HTMLVideoElement, stream: string): Promise<boolean> {
  if (!video.videoWidth) return false;
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  const png = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!png) return false;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(png);
  link.download = snapshotName(stream, new Date());
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  return true;
}
