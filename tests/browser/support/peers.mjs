// Plain RTCPeerConnection and WebSocket inside a page: what a client of `/ws/signaling` does, without the page's own code.
// The functions given to `evaluate` run inside the page and may use nothing around them.

/** Joins a room; media and messages are kept in `window.peer`. Resolves with the answer to joining. */
export async function joinRoom({ room, role, mode, token, relayOnly = false }) {
  const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/ws/signaling`);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error('the WebSocket does not open'));
  });
  const peer = { socket, connections: new Map(), said: [], statuses: [] };
  window.peer = peer;
  const say = (message) => socket.send(JSON.stringify(message));
  const video = document.createElement('video');
  video.muted = true;
  video.autoplay = true;
  document.body.append(video);
  const media = role === 'publisher' ? await navigator.mediaDevices.getUserMedia({ video: true, audio: true }) : null;

  const connect = (to, iceServers) => {
    const connection = new RTCPeerConnection({ iceServers, iceTransportPolicy: relayOnly ? 'relay' : 'all' });
    peer.connections.set(to, connection);
    connection.onicecandidate = ({ candidate }) => {
      say({ type: 'ice-candidate', candidate: candidate?.candidate ?? '', sdpMid: candidate?.sdpMid ?? '0', to });
    };
    connection.ontrack = ({ streams }) => (video.srcObject = streams[0]);
    if (media) for (const track of media.getTracks()) connection.addTrack(track, media);
    return connection;
  };
  const offer = async (to) => {
    const connection = connect(to, peer.iceServers);
    if (!media) for (const kind of ['video', 'audio']) connection.addTransceiver(kind, { direction: 'recvonly' });
    await connection.setLocalDescription();
    say({ type: 'offer', sdp: connection.localDescription.sdp, to });
  };
  const hear = async (message) => {
    peer.said.push(message);
    if (message.type === 'joined') {
      peer.iceServers = message.iceServers;
      if (mode === 'server') await offer(undefined);
      else if (role === 'publisher') for (const { id } of message.peers) await offer(id);
    } else if (message.type === 'peer-joined' && role === 'publisher') {
      await offer(message.peer.id);
    } else if (message.type === 'peer-left') {
      peer.connections.get(message.peer.id)?.close();
    } else if (message.type === 'offer') {
      const connection = connect(message.from, peer.iceServers);
      await connection.setRemoteDescription(message);
      await connection.setLocalDescription();
      say({ type: 'answer', sdp: connection.localDescription.sdp, to: message.from });
    } else if (message.type === 'answer') {
      const connection = peer.connections.get(mode === 'server' ? undefined : message.from);
      await connection.setRemoteDescription(message);
    } else if (message.type === 'ice-candidate') {
      const { candidate, sdpMid } = message;
      await peer.connections.get(message.from)?.addIceCandidate({ candidate, sdpMid });
    } else if (message.type === 'camera-status') {
      peer.statuses.push(message.status);
    }
  };
  let turn = Promise.resolve();
  const joined = new Promise((resolve) => {
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      // One after the other: a candidate must not pass the description before it.
      turn = turn.then(() => hear(message)).catch((error) => peer.said.push({ type: 'broken', error: error.message }));
      if (message.type === 'joined' || message.type === 'error') resolve(message);
    };
  });
  say({ type: 'join-room', room, role, mode, token });
  return await joined;
}

/** How the nominated pairs of all connections are made: `relay`, `host` … of this end. */
export async function localCandidateTypes() {
  const types = [];
  for (const connection of window.peer.connections.values()) {
    const stats = await connection.getStats();
    for (const report of stats.values()) {
      if (report.type === 'transport' && report.selectedCandidatePairId) {
        const pair = stats.get(report.selectedCandidatePairId);
        types.push(stats.get(pair.localCandidateId).candidateType);
      }
    }
  }
  return types;
}

/** Watches by WHEP, as a player on any site does; ends nothing by itself. */
export async function watchByWhep({ whep, token, relayOnly = false, iceServers = [] }) {
  const connection = new RTCPeerConnection({ iceServers, iceTransportPolicy: relayOnly ? 'relay' : 'all' });
  window.peer = { connections: new Map([['server', connection]]) };
  const video = document.createElement('video');
  video.muted = true;
  video.autoplay = true;
  document.body.append(video);
  connection.addTransceiver('video', { direction: 'recvonly' });
  connection.ontrack = ({ track }) => (video.srcObject = new MediaStream([track]));
  await connection.setLocalDescription();
  const answer = await fetch(whep, {
    method: 'POST',
    headers: { 'Content-Type': 'application/sdp', Authorization: `Bearer ${token}` },
    body: connection.localDescription.sdp,
  });
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
  await connection.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
  return answer.headers.get('Link') ?? '';
}
