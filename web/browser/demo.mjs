// A demo of the real program, on free ports.

import { spawn } from 'node:child_process';
import { createServer } from 'node:net';

/** How long it may take to begin, in milliseconds. */
const PATIENCE = 30_000;

function freePort() {
  return new Promise((done, failed) => {
    const server = createServer();
    server.on('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

export async function startDemo(program) {
  const [http, admin, sip, microsoft] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const at = (port) => `127.0.0.1:${port}`;
  const child = spawn(program, ['demo', '--http', at(http), '--admin', at(admin), '--sip', at(sip), '--microsoft', at(microsoft), '--log', 'json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  await new Promise((done, failed) => {
    const timer = setTimeout(() => failed(new Error(`the demo did not begin; it said:\n${said}`)), PATIENCE);
    const listen = (bytes) => {
      said = (said + bytes).slice(-20_000);
      if (!/"event":\s*"ready"/.test(said)) return;
      clearTimeout(timer);
      done();
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.on('exit', (code) => failed(new Error(`the demo ended with ${code}; it said:\n${said}`)));
  });
  return {
    address: `http://${at(http)}`,
    /** The made-up Teams. */
    teams: `http://${at(microsoft)}/teams`,
    stop: () =>
      new Promise((done) => {
        child.removeAllListeners('exit');
        child.on('exit', done);
        child.kill('SIGTERM');
      }),
  };
}
