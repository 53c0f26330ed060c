// What a browser sees and hears. The functions given to `evaluate` run inside the page and may use nothing around them.

/** Looks at a video until as many frames as wanted were shown: size, RTP time, and brightness of a coarse grid for each. */
export function watchFrames({ selector, frames, columns = 32, rows = 18, limitMs = 15_000 }) {
  const video = document.querySelector(selector);
  const canvas = document.createElement('canvas');
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  return new Promise((resolve, reject) => {
    const seen = [];
    const timer = setTimeout(() => reject(new Error(`only ${seen.length} frames in ${limitMs} ms`)), limitMs);
    const onFrame = (now, frame) => {
      context.drawImage(video, 0, 0, columns, rows);
      const { data } = context.getImageData(0, 0, columns, rows);
      const grid = [];
      for (let at = 0; at < data.length; at += 4) {
        grid.push(Math.round(0.3 * data[at] + 0.59 * data[at + 1] + 0.11 * data[at + 2]));
      }
      seen.push({ at: now, width: frame.width, height: frame.height, rtp: frame.rtpTimestamp, grid });
      if (seen.length < frames) {
        video.requestVideoFrameCallback(onFrame);
      } else {
        clearTimeout(timer);
        resolve(seen);
      }
    };
    video.requestVideoFrameCallback(onFrame);
  });
}

/** Mean difference of brightness between two grids, 0 to 255. */
export function difference(one, other) {
  return one.reduce((sum, value, at) => sum + Math.abs(value - other[at]), 0) / one.length;
}

/**
 * Samples a part of the picture (fractions of width and height) for some seconds and tells at which times it changed:
 * a clock that shows seconds changes once a second.
 */
export async function watchRegion({ selector, x, y, width, height, forMs, threshold }) {
  const video = document.querySelector(selector);
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(video.videoWidth * width);
  canvas.height = Math.round(video.videoHeight * height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const look = () => {
    context.drawImage(video, video.videoWidth * x, video.videoHeight * y, canvas.width, canvas.height, 0, 0, canvas.width, canvas.height);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    return Array.from({ length: data.length / 4 }, (_, at) => (data[4 * at + 1] > threshold ? 1 : 0));
  };
  const changes = [];
  const began = performance.now();
  let last = look();
  while (performance.now() - began < forMs) {
    await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    const now = look();
    const changed = now.reduce((sum, value, at) => sum + (value === last[at] ? 0 : 1), 0) / now.length;
    changes.push({ at: performance.now() - began, changed });
    last = now;
  }
  return changes;
}

/** The loudest frequency (Hz) of what a video plays, once there is sound; its level in dB. */
export async function loudestTone({ selector, limitMs = 10_000 }) {
  const context = new AudioContext();
  try {
    await context.resume();
    const source = context.createMediaStreamSource(document.querySelector(selector).srcObject);
    const analyser = context.createAnalyser();
    analyser.fftSize = 16_384;
    analyser.smoothingTimeConstant = 0;
    source.connect(analyser);
    const levels = new Float32Array(analyser.frequencyBinCount);
    const began = performance.now();
    let best = { frequency: 0, level: -Infinity };
    while (performance.now() - began < limitMs) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      analyser.getFloatFrequencyData(levels);
      const at = levels.indexOf(Math.max(...levels));
      best = { frequency: (at * context.sampleRate) / analyser.fftSize, level: levels[at] };
      // Half a second fills the analyser's window; before that the peak is blurred.
      if (best.level > -60 && performance.now() - began > 1000) break;
    }
    return best;
  } finally {
    await context.close();
  }
}
