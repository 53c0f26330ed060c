// Between a camera and the form that edits it: what people may change as one flat draft, and only the differences back.

import type { Camera, CameraChange, Transport } from '../api/admin_types';
import { changedSource, readSource, type SourceForm } from './source_form';

export interface CameraDraft {
  name: string;
  stream: string;
  place: string;
  location: string;
  company: string;
  model: string;
  serialNumber: string;
  isActive: boolean;
  isPublic: boolean;
  ownerId: string;
  source: SourceForm;
  transport: Transport;
  onDemand: boolean;
  transcode: boolean;
  /** The stored user and password are given up. */
  forget: boolean;
}

const texts = ['name', 'stream', 'place', 'location', 'company', 'model', 'serialNumber'] as const;
const switches = ['isActive', 'isPublic'] as const;

export function draftOf(camera: Camera): CameraDraft {
  return {
    name: camera.name,
    stream: camera.stream,
    place: camera.place ?? '',
    location: camera.location ?? '',
    company: camera.company ?? '',
    model: camera.model ?? '',
    serialNumber: camera.serialNumber ?? '',
    isActive: camera.isActive,
    isPublic: camera.isPublic,
    ownerId: camera.ownerId ?? '',
    source: readSource(camera.source.url),
    transport: camera.source.transport,
    onDemand: camera.source.onDemand,
    transcode: camera.source.transcode === 'h264',
    forget: false,
  };
}

/** What to send; empty when nothing was changed. */
export function changeOf(camera: Camera, draft: CameraDraft): CameraChange {
  const before = draftOf(camera);
  const change: CameraChange = {};
  for (const key of texts) {
    const text = draft[key].trim();
    if (text !== before[key]) change[key] = text;
  }
  for (const key of switches) if (draft[key] !== before[key]) change[key] = draft[key];
  if (draft.ownerId && draft.ownerId !== before.ownerId) change.ownerId = draft.ownerId;
  const source: NonNullable<CameraChange['source']> = {};
  const url = changedSource(draft.source, camera.source.url, draft.forget);
  if (url !== undefined) source.url = url;
  if (draft.transport !== before.transport) source.transport = draft.transport;
  if (draft.onDemand !== before.onDemand) source.onDemand = draft.onDemand;
  if (draft.transcode !== before.transcode) source.transcode = draft.transcode ? 'h264' : 'never';
  if (Object.keys(source).length) change.source = source;
  return change;
}

/** As the server takes it: `[a-z0-9-]{1,64}`. */
export function isStreamName(text: string): boolean {
  return /^[a-z0-9-]{1,64}$/.test(text);
}
