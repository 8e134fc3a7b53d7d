// Says something to a running Node by its inspector, which SIGUSR1 opens: no way in is made for it. Runs in the machine,
// with `node --experimental-websocket inspect.mjs main|worker EXPRESSION`; does not wait for what the expression does.
const [where, expression] = process.argv.slice(2);

const target = await firstTarget();
const socket = new globalThis.WebSocket(target.webSocketDebuggerUrl);
await new Promise((resolve, reject) => {
  socket.onopen = resolve;
  socket.onerror = () => reject(new Error('the inspector refuses'));
});
const evaluate = { id: 1, method: 'Runtime.evaluate', params: { expression } };

if (where === 'main') {
  socket.send(JSON.stringify(evaluate));
} else {
  const attached = new Promise((resolve) => {
    socket.onmessage = ({ data }) => {
      const { method, params } = JSON.parse(data);
      if (method === 'NodeWorker.attachedToWorker') resolve(params.sessionId);
    };
  });
  const enable = { id: 1, method: 'NodeWorker.enable', params: { waitForDebuggerOnStart: false } };
  socket.send(JSON.stringify(enable));
  const sessionId = await attached;
  const params = { sessionId, message: JSON.stringify(evaluate) };
  socket.send(JSON.stringify({ id: 2, method: 'NodeWorker.sendMessageToWorker', params }));
}
// Long enough for what was sent to be read; the answer comes when the expression is done.
await new Promise((resolve) => setTimeout(resolve, 1_000));
process.exit();

async function firstTarget() {
  for (let tries = 0; ; tries += 1) {
    try {
      const answer = await fetch('http://127.0.0.1:9229/json/list');
      return (await answer.json())[0];
    } catch (error) {
      if (tries >= 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
