// A real RTSP camera (gst-rtsp-server with Digest) for the time of a test.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../support/rtsp_camera.py', import.meta.url));

export class RtspCamera {
  static async start(user, password) {
    const camera = new RtspCamera();
    camera.child = spawn('/usr/bin/python3', [script, user, password], { stdio: ['pipe', 'pipe', 'inherit'] });
    camera.ended = once(camera.child, 'exit');
    const [line] = await Promise.race([
      once(camera.child.stdout, 'data'),
      camera.ended.then(() => Promise.reject(new Error('the RTSP camera did not start'))),
    ]);
    camera.address = `rtsp://127.0.0.1:${String(line).trim()}/live`;
    return camera;
  }

  async close() {
    this.child.stdin.end();
    await this.ended;
  }
}
