// Which cameras this device has, which way they look, and which one comes next. It opens none of them.

export type Facing = 'user' | 'environment';

export interface CameraDevice {
  id: string;
  /** Empty until the user has allowed a camera. */
  label: string;
  facing: Facing | null;
}

const back = /\b(back|rear|world|environment|trasera|arrière|posteriore)\b|rück|后置|背面/i;
const front = /\b(front|user|selfie|facetime|face|frontal|avant|anteriore)\b|vorder|前置|前面/i;

/** Browsers that do not tell the direction at least name it in the label. */
export function facingOf(label: string): Facing | null {
  if (back.test(label)) return 'environment';
  return front.test(label) ? 'user' : null;
}

function told(device: MediaDeviceInfo): Facing | null {
  const capabilities = (device as Partial<InputDeviceInfo>).getCapabilities?.();
  const facing = (capabilities as { facingMode?: string[] } | undefined)?.facingMode?.[0];
  return facing === 'user' || facing === 'environment' ? facing : null;
}

export async function listCameras(devices: MediaDevices): Promise<CameraDevice[]> {
  const all = await devices.enumerateDevices().catch(() => []);
  return all
    .filter((device) => device.kind === 'videoinput')
    .map((device) => ({ id: device.deviceId, label: device.label, facing: told(device) ?? facingOf(device.label) }));
}

/** The camera that a "switch" button goes to: the other direction's first, else the next in the list; null if there is no other. */
export function nextCamera(cameras: readonly CameraDevice[], currentId: string | null): CameraDevice | null {
  const at = cameras.findIndex(({ id }) => id === currentId);
  if (cameras.length < 2) return at === -1 ? (cameras[0] ?? null) : null;
  const facing = cameras[at]?.facing ?? null;
  const other = facing && cameras.find((camera) => camera.facing !== null && camera.facing !== facing);
  return other || (cameras[(at + 1) % cameras.length] ?? null);
}
