import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Capture, type CaptureStatus, type CaptureWishes } from '../src/phone/capture';
import { facingOf, nextCamera } from '../src/phone/devices';
import { captureProblem, contextProblem } from '../src/phone/problem';
import { offered } from '../src/phone/quality';
import { parseTarget, phoneLink } from '../src/phone/target';
import { WakeLock } from '../src/phone/wake_lock';
import { fakeAudio, FakeDevices, FakeTrack } from './fake_media';

describe('a phone’s link', () => {
  it('is written and read', () => {
    const target = { stream: 'front-door', key: 'a+b/c=' };
    const link = phoneLink('https://10.0.0.7:8443/', target);
    expect(link).toMatch(/^https:\/\/10\.0\.0\.7:8443\/phone#stream=front-door&key=/);
    expect(parseTarget(new URL(link).hash)).toEqual(target);
  });
  it('may do without a key, never without a camera', () => {
    expect(parseTarget('#stream=door')).toEqual({ stream: 'door', key: null });
    for (const wrong of ['', '#', '#key=x', '#stream=', '#stream=Front Door', '#stream=../../api', `#stream=${'a'.repeat(65)}`]) {
      expect(parseTarget(wrong)).toBeNull();
    }
    expect(parseTarget('#stream=door&key=a%0D%0AX: y')).toEqual({ stream: 'door', key: null });
  });
});

describe('cameras of a device', () => {
  const camera = (id: string, facing: 'user' | 'environment' | null) => ({ id, label: id, facing });
  it('tells the direction from the label', () => {
    expect(['Back Camera', 'camera2 0, facing back', 'Front Camera', 'FaceTime HD', 'USB 2.0'].map(facingOf)).toEqual([
      'environment',
      'environment',
      'user',
      'user',
      null,
    ]);
  });
  it('switches to the other direction, else to the next', () => {
    const phone = [camera('f', 'user'), camera('b1', 'environment'), camera('b2', 'environment')];
    expect(nextCamera(phone, 'f')?.id).toBe('b1');
    expect(nextCamera(phone, 'b2')?.id).toBe('f');
    const desk = [camera('one', null), camera('two', null)];
    expect(nextCamera(desk, 'two')?.id).toBe('one');
    expect(nextCamera(desk.slice(0, 1), 'one')).toBeNull();
    expect(nextCamera([], null)).toBeNull();
  });
  it('offers the sizes that a camera has, held upright, too', () => {
    const track = (width: number, height: number) =>
      new FakeTrack('video', {}, { width: { max: width }, height: { max: height } }) as unknown as MediaStreamTrack;
    expect(offered(track(1920, 1080))).toEqual(['480p', '720p', '1080p']);
    expect(offered(track(1080, 1920))).toEqual(['480p', '720p', '1080p']);
    expect(offered(track(640, 480))).toEqual(['480p']);
    expect(offered(null)).toHaveLength(4);
  });
});

describe('why there is no camera', () => {
  it('is known before asking where the page is not secure', () => {
    expect(contextProblem(false, undefined)).toBe('insecure');
    expect(contextProblem(true, undefined)).toBe('unsupported');
    expect(contextProblem(true, new FakeDevices([]).asDevices())).toBeNull();
  });
  it('is told by the exception', () => {
    const names = ['NotAllowedError', 'NotFoundError', 'NotReadableError', 'TypeError'];
    expect(names.map((name) => captureProblem(new DOMException('', name)))).toEqual(['refused', 'none', 'busy', 'failed']);
  });
});

describe('Capture', () => {
  let devices: FakeDevices;
  let silence: { tracks: FakeTrack[] };
  let status: CaptureStatus;
  let sent: Record<'video' | 'audio', unknown>;
  const captures: Capture[] = [];

  function make(wishes: Partial<CaptureWishes> = {}): Capture {
    const capture = new Capture(
      {
        devices: devices.asDevices(),
        onStatus: (next) => (status = next),
        onTrack: (kind, track) => (sent[kind] = track),
      },
      { cameraId: null, facing: 'environment', resolution: '720p', microphone: true, ...wishes },
    );
    captures.push(capture);
    return capture;
  }

  const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  function look(state: DocumentVisibilityState): void {
    vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state);
    document.dispatchEvent(new Event('visibilitychange'));
  }

  beforeEach(() => {
    vi.useFakeTimers();
    devices = new FakeDevices([
      { id: 'front', label: 'Front', facing: 'user' },
      { id: 'back', label: 'Back', facing: 'environment', capabilities: { torch: true, zoom: { min: 1, max: 4, step: 0.5 } } },
    ]);
    silence = fakeAudio();
    sent = { video: undefined, audio: undefined };
  });
  afterEach(() => {
    for (const capture of captures.splice(0)) capture.close();
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it('opens camera and microphone by one question', async () => {
    await make().open();
    expect(devices.asked).toHaveLength(1);
    expect(status).toMatchObject({ state: 'on', cameraId: 'back', facing: 'environment', microphone: true, width: 1280 });
    expect(status.cameras).toHaveLength(2);
    expect(status).toMatchObject({ torch: false, zoom: { min: 1, max: 4, value: 1 } });
    expect(sent.video).toBe(devices.last);
  });

  it('goes without a microphone that is refused, and says so', async () => {
    devices.refusal.audio = 'NotAllowedError';
    await make().open();
    expect(status).toMatchObject({ state: 'on', microphone: false, microphoneProblem: 'refused' });
    expect(sent.audio).toBe(silence.tracks[0]);
  });

  it('says why there is no camera, holds nothing, and may be asked again', async () => {
    devices.refusal.video = 'NotAllowedError';
    const capture = make();
    await capture.open();
    expect(status).toMatchObject({ state: 'off', problem: 'refused' });
    expect(capture.tracks).toEqual([]);
    const asked = devices.asked.length;
    await wait(60_000);
    expect(devices.asked).toHaveLength(asked);
    devices.refusal = {};
    await capture.open();
    expect(status).toMatchObject({ state: 'on', problem: null });
  });

  it('lets go of one camera before it opens the other', async () => {
    const capture = make();
    await capture.open();
    devices.getUserMedia.mockImplementationOnce(async (wishes) => {
      expect(devices.held('video')).toBe(0);
      return devices.getUserMedia(wishes);
    });
    await capture.switchCamera();
    expect(status).toMatchObject({ cameraId: 'front', facing: 'user', state: 'on', torch: null, zoom: null });
    expect(sent.video).toBe(devices.last);
    expect(devices.held('audio')).toBe(1);
  });

  it('opens one camera only, however fast somebody taps', async () => {
    const capture = make();
    await capture.open();
    await Promise.all([capture.switchCamera(), capture.switchCamera(), capture.useCamera('back')]);
    expect(devices.held('video')).toBe(1);
    expect(status.cameraId).toBe('back');
  });

  it('takes the camera from before where the other one does not open', async () => {
    const capture = make();
    await capture.open();
    devices.getUserMedia.mockImplementationOnce(() => Promise.reject(new DOMException('', 'NotReadableError')));
    await capture.useCamera('front');
    expect(status).toMatchObject({ state: 'on', cameraId: 'back', problem: 'busy' });
    await wait(60_000);
    expect(devices.held('video')).toBe(1);
  });

  it('lets the microphone go and sends silence instead', async () => {
    const capture = make();
    await capture.open();
    await capture.setMicrophone(false);
    expect(devices.held('audio')).toBe(0);
    expect(sent.audio).toBe(silence.tracks[0]);
    expect(status.microphone).toBe(false);
    await capture.setMicrophone(true);
    expect(devices.held('audio')).toBe(1);
    expect(silence.tracks[0]?.readyState).toBe('ended');
    expect(status.microphone).toBe(true);
  });

  it('keeps light and zoom when one of them changes', async () => {
    const capture = make();
    await capture.open();
    await capture.setTorch(true);
    await capture.setZoom(2);
    await capture.setResolution('1080p');
    expect(devices.last.applied.map(({ advanced }) => advanced?.[0])).toEqual([
      { torch: true, zoom: 1 },
      { torch: true, zoom: 2 },
      { torch: true, zoom: 2 },
    ]);
    expect(devices.last.applied.at(-1)?.width).toEqual({ ideal: 1920 });
    expect(status).toMatchObject({ torch: true, zoom: { value: 2 }, resolution: '1080p' });
  });

  it('follows a slider without a queue of old values', async () => {
    const capture = make();
    await capture.open();
    await Promise.all([1.5, 2, 2.5, 3].map((value) => capture.setZoom(value)));
    expect(devices.last.applied).toHaveLength(1);
    expect(status.zoom?.value).toBe(3);
  });

  it('opens the camera anew where it cannot change its size while it runs', async () => {
    const capture = make();
    await capture.open();
    devices.last.refuses = true;
    await capture.setResolution('1080p');
    expect(devices.asked.at(-1)?.video).toMatchObject({ width: { ideal: 1920 }, deviceId: { exact: 'back' } });
    expect(status.state).toBe('on');
    expect(devices.held('video')).toBe(1);
  });

  it('gets a camera back that another program took', async () => {
    await make().open();
    devices.refusal.video = 'NotReadableError';
    devices.last.end();
    expect(status.state).toBe('lost');
    expect(sent.video).toBeNull();
    await wait(5000);
    expect(status).toMatchObject({ state: 'lost', problem: 'busy' });
    devices.refusal = {};
    await wait(8000);
    expect(status).toMatchObject({ state: 'on', problem: null, cameraId: 'back' });
    expect(sent.video).toBe(devices.last);
  });

  it('takes another camera for one that was unplugged, and notices one that is plugged in', async () => {
    await make().open();
    const unplugged = devices.cameras.splice(1, 1);
    devices.last.end();
    await wait(1000);
    expect(status).toMatchObject({ state: 'on', cameraId: 'front' });
    devices.cameras = [];
    devices.last.end();
    await wait(30_000);
    expect(status).toMatchObject({ state: 'lost', problem: 'none' });
    devices.cameras = unplugged;
    devices.dispatchEvent(new Event('devicechange'));
    await wait(0);
    expect(status).toMatchObject({ state: 'on', cameraId: 'back' });
  });

  it('stops asking when the permission was withdrawn', async () => {
    await make().open();
    devices.refusal.video = 'NotAllowedError';
    devices.last.end();
    await wait(2000);
    expect(status).toMatchObject({ state: 'lost', problem: 'refused' });
    const asked = devices.asked.length;
    await wait(60_000);
    expect(devices.asked).toHaveLength(asked);
  });

  it('waits while the page is in the background and opens a camera that stays dark afterwards', async () => {
    await make().open();
    look('hidden');
    const dark = devices.last;
    dark.mute(true);
    expect(status.state).toBe('paused');
    await wait(60_000);
    expect(devices.last).toBe(dark);
    look('visible');
    await wait(3000);
    expect(devices.last).not.toBe(dark);
    expect(dark.readyState).toBe('ended');
    expect(status.state).toBe('on');
  });

  it('goes on with a camera that comes back by itself', async () => {
    await make().open();
    look('hidden');
    const paused = devices.last;
    paused.mute(true);
    look('visible');
    paused.mute(false);
    expect(status.state).toBe('on');
    await wait(10_000);
    expect(devices.last).toBe(paused);
  });

  it('lets everything go when closed, what opens late, too', async () => {
    const capture = make();
    const opening = capture.open();
    capture.close();
    await opening;
    await wait(0);
    expect(devices.held('video') + devices.held('audio')).toBe(0);
    expect(status.state).toBe('off');
  });
});

describe('WakeLock', () => {
  it('is asked for again when the page comes back, and released at the end', async () => {
    const sentinel = { released: false, release: vi.fn(() => Promise.resolve()) };
    const request = vi.fn(() => Promise.resolve(sentinel));
    vi.stubGlobal('navigator', { wakeLock: { request } });
    const lock = new WakeLock();
    lock.hold();
    await Promise.resolve();
    sentinel.released = true;
    document.dispatchEvent(new Event('visibilitychange'));
    expect(request).toHaveBeenCalledTimes(2);
    await Promise.resolve();
    lock.release();
    expect(sentinel.release).toHaveBeenCalled();
    document.dispatchEvent(new Event('visibilitychange'));
    expect(request).toHaveBeenCalledTimes(2);
    vi.unstubAllGlobals();
  });
});
