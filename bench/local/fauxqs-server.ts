/** Starts the npm peer in this process, on the loopback interface alone: by itself it listens on all of them. */
import { Server } from 'node:net';
import { pathToFileURL } from 'node:url';

const [folder = '', port = '0'] = process.argv.slice(2);
const listen = Server.prototype.listen;
Server.prototype.listen = function onLoopback(this: Server, ...parameters: unknown[]) {
  const [options] = parameters;
  if (typeof options === 'object' && options !== null) Object.assign(options, { host: '127.0.0.1' });
  return Reflect.apply(listen, this, parameters) as Server;
} as typeof listen;

const { startFauxqs } = (await import(`${pathToFileURL(folder).href}/dist/app.js`)) as {
  startFauxqs(options: object): Promise<unknown>;
};
await startFauxqs({ port: Number(port), logger: false });
