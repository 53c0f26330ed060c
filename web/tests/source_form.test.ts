import { describe, expect, it } from 'vitest';
import { makes, withPath } from '../src/cameras/makes';
import {
  changedSource,
  emptySource,
  hasCredentials,
  readSource,
  type SourceForm,
  sourceFault,
  tidyAddress,
  writeSource,
} from '../src/cameras/source_form';

const rtsp = (fields: Partial<SourceForm>): SourceForm => ({ ...emptySource('rtsp'), ...fields });

describe('the address of a camera', () => {
  it('is completed, and its user and password go where they belong', () => {
    expect(tidyAddress(rtsp({ address: ' 10.0.0.7/live ' })).address).toBe('rtsp://10.0.0.7/live');
    expect(tidyAddress(rtsp({ address: 'RTSP://admin:p@ss%21@cam.lan:8554/a?b=1' }))).toMatchObject({
      address: 'rtsp://cam.lan:8554/a?b=1',
      username: 'admin',
      password: 'p@ss!',
    });
    expect(tidyAddress(rtsp({ address: 'rtsp://100%@h/' }))).toMatchObject({ username: '100%' });
  });
  it('is sent with what must be escaped', () => {
    const form = rtsp({ address: 'rtsp://cam.lan/live', username: 'ad min', password: 'a:b/c@d?' });
    expect(writeSource(form)).toBe('rtsp://ad%20min:a%3Ab%2Fc%40d%3F@cam.lan/live');
    expect(writeSource(rtsp({ address: 'cam.lan' }))).toBe('rtsp://cam.lan');
  });
  it('is found at fault before it is sent', () => {
    const fault = (address: string) => sourceFault(rtsp({ address }));
    expect(fault('')).toBe('address-missing');
    expect(fault('http://cam.lan/')).toBe('address-scheme');
    expect(fault('rtsp:///live')).toBe('address-host');
    expect(fault('rtsp://cam lan/')).toBe('address-space');
    expect(fault('rtsp://cam.lan:port/')).toBe('address-host');
    expect(fault(`rtsp://cam.lan/${'a'.repeat(500)}`)).toBe('address-long');
    for (const good of ['cam', '10.0.0.7:554/x', 'rtsps://[fd00::1]:322/live', 'rtsp://u:p@cam.lan?x=1']) {
      expect(fault(good)).toBeNull();
    }
  });
  it('takes the path of a make', () => {
    const make = makes.find(({ name }) => name === 'Hikvision');
    if (!make) throw new Error('the list has changed');
    expect(withPath('rtsp://10.0.0.7:554/old?x=1', make)).toBe('rtsp://10.0.0.7:554/Streaming/Channels/101');
    expect(withPath('10.0.0.7', make)).toBe('10.0.0.7/Streaming/Channels/101');
  });
});

describe('a stored source', () => {
  const stored = 'rtsp://***@cam.lan/live?channel=***';
  it('is shown without what it hides', () => {
    expect(readSource(stored)).toMatchObject({ kind: 'rtsp', address: 'rtsp://cam.lan/live?channel=***', username: '' });
    expect(hasCredentials(stored)).toBe(true);
    expect(hasCredentials('rtsp://cam.lan/live')).toBe(false);
    expect(readSource('publish').kind).toBe('whip');
    expect(readSource('device:/dev/video0')).toMatchObject({ kind: 'device', device: '/dev/video0' });
    expect(readSource('launch:***')).toMatchObject({ kind: 'launch', fragment: '***' });
  });
  it('is not sent when nothing changed', () => {
    expect(changedSource(readSource(stored), stored, false)).toBeUndefined();
    for (const url of ['test', 'publish', 'device:x', 'launch:***', 'rtsp://cam.lan']) {
      expect(changedSource(readSource(url), url, false)).toBeUndefined();
    }
  });
  it('keeps its password to itself when the address changes', () => {
    const moved = { ...readSource('rtsp://***@cam.lan/live'), address: 'rtsp://elsewhere/live' };
    expect(sourceFault(moved, 'rtsp://***@cam.lan/live')).toBe('password-again');
    expect(sourceFault({ ...moved, username: 'u', password: 'p' }, 'rtsp://***@cam.lan/live')).toBeNull();
    const half = { ...readSource(stored), address: 'rtsp://elsewhere/live?channel=***', username: 'u' };
    expect(sourceFault(half, stored)).toBe('query-again');
    expect(sourceFault({ ...readSource(stored), password: 'new' }, stored)).toBe('query-again');
    expect(sourceFault(readSource(stored), stored)).toBeNull();
  });
  it('may change its password, or forget it', () => {
    const form = { ...readSource('rtsp://***@cam.lan/live'), username: 'u', password: 'new' };
    expect(changedSource(form, 'rtsp://***@cam.lan/live', false)).toBe('rtsp://u:new@cam.lan/live');
    expect(changedSource(readSource('rtsp://***@cam.lan/live'), 'rtsp://***@cam.lan/live', true)).toBe('rtsp://cam.lan/live');
  });
  it('may become another kind', () => {
    expect(changedSource(emptySource('phone'), 'rtsp://cam.lan', false)).toBe('publish');
    expect(changedSource(rtsp({ address: 'cam.lan' }), 'publish', false)).toBe('rtsp://cam.lan');
  });
});
